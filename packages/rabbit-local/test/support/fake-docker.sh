#!/bin/sh
# Stands in for Docker's client, as far as rabbit-local uses it. Writes each call to $FAKE_DOCKER/calls; a "container" is a file
# that exists while it runs.
printf '%s\n' "$*" >> "$FAKE_DOCKER/calls"
case $1 in
  info) echo 28.0.0 ;;
  image) [ -e "$FAKE_DOCKER/image" ] ;;
  pull) [ -z "$FAKE_DOCKER_OFFLINE" ] || { echo "no such host" >&2; exit 1; }; : > "$FAKE_DOCKER/image" ;;
  start)
    : > "$FAKE_DOCKER/$3"
    echo "2026-01-02 03:04:05.678901+00:00 [info] <0.9.0>  Starting RabbitMQ 4.1.2 on Erlang 27.3 [jit]"
    echo "2026-01-02 03:04:06.678901+00:00 [info] <0.9.0> Server startup complete; 1 plugins started."
    echo "2026-01-02 03:04:06.678901+00:00 [info] <0.9.0>  * rabbitmq_management"
    while [ -e "$FAKE_DOCKER/$3" ]; do sleep 0.02; done ;;
  kill) rm "$FAKE_DOCKER/$2" ;;
  stop) rm "$FAKE_DOCKER/$4" ;;
  exec) shift 2; echo "$@" ;;
esac
