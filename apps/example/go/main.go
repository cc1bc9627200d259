// The example's tasks in Go, by gocelery: a worker that serves them and a client that calls one.
//
//	example worker [queue]                      serves until SIGTERM
//	example send <task> <json args> [timeout]   sends positional arguments, prints the result as JSON
//	example send-kwargs <task> <json object> [timeout]
//
// The broker is CELERY_BROKER_URL. gocelery's client is also a consumer, so one process sends one task.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gocelery/gocelery"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("say worker, send or send-kwargs")
	}
	url := os.Getenv("CELERY_BROKER_URL")
	if url == "" {
		url = "amqp://guest:guest@localhost:5672//"
	}
	switch args[0] {
	case "worker":
		return serve(url)
	case "send", "send-kwargs":
		return send(url, args)
	}
	return fmt.Errorf("%q is neither worker, send nor send-kwargs", args[0])
}

func serve(url string) error {
	// One goroutine: gocelery shares a single task instance between all of them, so two would mix their arguments.
	client, err := gocelery.NewCeleryClient(gocelery.NewAMQPCeleryBroker(url), gocelery.NewAMQPCeleryBackend(url), 1)
	if err != nil {
		return err
	}
	client.Register("tasks.add", func(x, y int) int { return x + y })
	client.Register("tasks.send_sms", &sendSMS{})
	client.StartWorker()
	fmt.Println("ready")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	client.StopWorker()
	return nil
}

// sendSMS is the two-step form: parse keyword arguments, then run.
type sendSMS struct{ phone, text string }

func (s *sendSMS) ParseKwargs(kwargs map[string]interface{}) error {
	phone, phoneGiven := kwargs["phone"].(string)
	text, textGiven := kwargs["text"].(string)
	if !phoneGiven || !textGiven {
		return errors.New("send_sms wants phone and text")
	}
	s.phone, s.text = phone, text
	return nil
}

func (s *sendSMS) RunTask() (interface{}, error) {
	return fmt.Sprintf("%s: %s", s.phone, s.text), nil
}

func send(url string, args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("%s wants a task and its arguments as JSON", args[0])
	}
	timeout := 30 * time.Second
	if len(args) > 3 {
		parsed, err := time.ParseDuration(args[3])
		if err != nil {
			return err
		}
		timeout = parsed
	}
	client, err := gocelery.NewCeleryClient(gocelery.NewAMQPCeleryBroker(url), gocelery.NewAMQPCeleryBackend(url), 1)
	if err != nil {
		return err
	}
	result, err := delay(client, args)
	if err != nil {
		return err
	}
	value, err := result.Get(timeout)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(value)
}

func delay(client *gocelery.CeleryClient, args []string) (*gocelery.AsyncResult, error) {
	if args[0] == "send-kwargs" {
		kwargs := map[string]interface{}{}
		if err := json.Unmarshal([]byte(args[2]), &kwargs); err != nil {
			return nil, err
		}
		return client.DelayKwargs(args[1], kwargs)
	}
	var positional []interface{}
	if err := json.Unmarshal([]byte(args[2]), &positional); err != nil {
		return nil, err
	}
	return client.Delay(args[1], positional...)
}
