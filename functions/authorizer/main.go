// Command authorizer is the Lambda authorizer by which other APIs of API Gateway trust our tokens.
package main

import (
	"context"
	"os"

	"latchkey/internal/app"
)

func main() {
	authorizer, err := app.Authorizer(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "authorizer", err)
		os.Exit(1)
	}
	app.Start(authorizer, os.Stdout)
}
