// Command rotate is the Lambda function by which Secrets Manager rotates the signing keys.
package main

import (
	"os"

	"latchkey/internal/app"
)

func main() {
	rotator, err := app.Rotate(os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "rotate", err)
		os.Exit(1)
	}
	app.Start(rotator, os.Stdout)
}
