// Command keys is the Lambda function behind the public keys and the discovery document.
package main

import (
	"context"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
)

func main() {
	handler, log, err := app.Keys(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "keys", err)
		os.Exit(1)
	}
	app.Start(lambdahttp.Wrap(handler, lambdahttp.WithLogger(log)), os.Stdout)
}
