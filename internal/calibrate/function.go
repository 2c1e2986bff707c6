package calibrate

import (
	"context"
	"fmt"
	"strconv"

	"latchkey/internal/password"
)

// FunctionMemory is the memory in MB that a function needs in addition to that of the hash it computes.
const FunctionMemory = 64

// Function returns the handler of functions/calibrate. It hashes one at a time, because a function serves one sign-in at a
// time, and leaves out parameters that the function's memory is too small for.
func Function(getenv func(string) string) func(context.Context, Request) (Measurement, error) {
	return func(ctx context.Context, r Request) (Measurement, error) {
		memory, err := strconv.Atoi(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
		if err != nil {
			return Measurement{}, fmt.Errorf("read the function's memory size: %w", err)
		}
		r.Workers = 1
		for i, setting := range r.Params {
			params, err := password.ParseParams(setting)
			if err != nil {
				return Measurement{}, fmt.Errorf("measure a hash: %w", err)
			}
			if int(params.Memory)>>10+FunctionMemory > memory {
				r.Params = r.Params[:i]
				break
			}
		}
		m, err := Measure(ctx, r)
		m.MemoryMB = memory
		return m, err
	}
}
