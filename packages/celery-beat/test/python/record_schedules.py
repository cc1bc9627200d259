"""Records when real Celery finds schedules due, over a year around the changes of the clock.

    python record_schedules.py > fixtures/schedules.json

Each case plays beat's own loop (celery/beat.py `Scheduler.is_due`, `reserve`): asks `is_due(last_run_at)`, waits as long as
it says, and when it is due takes that moment as the last run. Moments are minutes since the epoch: the first one, then the
steps to the following ones as [step, how often].
"""

import json
import sys
from datetime import datetime, timezone
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import celery
from celery.schedules import crontab

START = datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp()
END = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]

# minute, hour, day_of_week, day_of_month, month_of_year
CRONTABS = [
    ("*", "0-4", "sun", "*", "*"),
    ("*/30", "*", "*", "*", "*"),
    ("*/7", "*/5", "*", "*", "*"),
    ("0", "*/2", "*", "*", "*"),
    ("30", "0", "*", "*", "*"),
    ("30", "1", "*", "*", "*"),
    ("0", "2", "*", "*", "*"),
    ("30", "2", "*", "*", "*"),
    ("15,45", "1-3", "*", "*", "*"),
    ("0,30", "2,3", "*", "*", "*"),
    ("0", "0", "sunday", "*", "*"),
    ("30", "1", "sun", "*", "*"),
    ("0", "9-17/2", "mon-fri", "*", "*"),
    ("0", "22-2", "*", "*", "*"),
    ("0", "12", "fri-mon", "*", "*"),
    ("0", "12", "*/2", "*", "*"),
    ("0", "12", "sat-wed/2", "*", "*"),
    ("0", "0", "*", "1", "*"),
    ("0", "0", "*", "31", "*"),
    ("59", "23", "*", "28-31", "*"),
    ("0", "6", "*", "*/5", "*"),
    ("0", "6", "*", "2-30/2", "*/3"),
    ("0", "6", "mon", "1-7,15-21", "*"),
    ("13", "13", "friday", "13", "*"),
    ("0", "0", "*", "29", "2"),
    ("0", "0", "*", "*", "jan,march,oct-dec"),
    ("0", "3", "*", "*", "nov-feb"),
    ("1,13,30-45,50-59/2", "8-17/2", "tue,thu", "*", "apr"),
    ("50-10/5", "4", "*", "*", "*"),
]


def ticks(make, zone):
    tz = ZoneInfo(zone)
    clock = [START]
    # The three settings that a schedule reads of its app, by their defaults: looking them up in a real one takes most of the time.
    conf = SimpleNamespace(enable_utc=True, beat_cron_starting_deadline=None)
    app = SimpleNamespace(timezone=tz, conf=conf)
    schedule = make(nowfun=lambda: datetime.fromtimestamp(clock[0], tz), app=app)
    last = datetime.fromtimestamp(START, tz)
    before = None
    while clock[0] < END:
        due, wait = schedule.is_due(last)
        if due:
            assert clock[0] != before, f"due twice at once: {last}"
            before = clock[0]
            yield clock[0]
            last = datetime.fromtimestamp(clock[0], tz)
        else:
            clock[0] += wait


def steps(moments):
    runs, before = [], None
    for moment in moments:
        minute, rest = divmod(round(moment), 60)
        assert rest == 0, moment
        if before is not None:
            step = minute - before
            if runs and runs[-1][0] == step:
                runs[-1][1] += 1
            else:
                runs.append([step, 1])
        else:
            first = minute
        before = minute
    return {"first": first, "steps": runs} if before is not None else {"first": None, "steps": []}


def fields():
    """What each text of a field stands for, or that Celery refuses it."""
    names = [("minute", 60, 0), ("hour", 24, 0), ("day_of_week", 7, 0), ("day_of_month", 31, 1), ("month_of_year", 12, 1)]
    texts = [
        "*", "*/1", "*/3", "*/100", "1", "0", "5-1", "1-5", "1-10/3", "10-2/2", "1,2,3", "1,1", "", ",", "1,", "-1", "60", "24", "7", "6",
        "32", "31", "13", "12", "mon", "MON", "Monday", "mondayish", "sun-sat", "sat-sun", "fri-mon/2", "jan", "January", "dec-feb",
        "*/mon", "*/", "1-", "a", "x-y", "1-5/", "mon,3", "may", "march", "mar", "1 ", " 1", "1.5", "0-59", "0-6", "1-12", "*/0", "**", "2*", "*2",
    ]
    for name, size, low in names:
        for text in texts:
            try:
                yield [name, text, sorted(crontab._expand_cronspec(text, size, low))]
            except Exception:
                yield [name, text, None]


def main():
    cases = []
    for zone in ZONES:
        for spec in CRONTABS:
            minute, hour, dow, dom, moy = spec
            make = lambda **kw: crontab(minute, hour, dow, dom, moy, **kw)
            print(zone, spec, file=sys.stderr)
            cases.append({"zone": zone, "crontab": list(spec), **steps(ticks(make, zone))})
    head = {"celery": celery.__version__, "python": sys.version.split()[0], "start": int(START) // 60, "end": int(END) // 60}
    lines = ["{", f' "recorded": {json.dumps(head)},', ' "fields": [']
    lines.append(",\n".join("  " + json.dumps(row) for row in fields()))
    lines += [" ],", ' "crontabs": [', ",\n".join("  " + json.dumps(case, separators=(",", ":")) for case in cases), " ]", "}"]
    print("\n".join(lines))


main()
