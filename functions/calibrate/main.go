// Command calibrate is the Lambda function in which `latchkey calibrate --function` measures what password hashes cost.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
	"latchkey/internal/calibrate"
)

func main() {
	app.Start(lambda.NewHandler(calibrate.Function(os.Getenv)), os.Stdout)
}
