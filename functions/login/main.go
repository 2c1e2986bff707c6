// Command login is the Lambda function behind POST /api/users/login and POST /users/login.
package main

import (
	"context"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
)

func main() {
	handler, log, err := app.Login(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "login", err)
		os.Exit(1)
	}
	app.Start(lambdahttp.Wrap(handler, lambdahttp.WithLogger(log)), os.Stdout)
}
