// Command session is the Lambda function behind refresh, logout, who-am-I and the list of sessions.
package main

import (
	"context"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
)

func main() {
	handler, log, err := app.Session(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "session", err)
		os.Exit(1)
	}
	app.Start(lambdahttp.Wrap(handler, lambdahttp.WithLogger(log)), os.Stdout)
}
