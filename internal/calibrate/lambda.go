package calibrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/internal/awscall"
)

// Lambda measures in a deployed functions/calibrate.
type Lambda struct {
	Caller   awscall.Caller
	Function string // its name
	Wait     time.Duration
}

// configuration is what is read of a function's configuration, and changed in it.
type configuration struct {
	MemorySize       int
	LastUpdateStatus string `json:",omitempty"`
}

// Measure sends the request to the function with each memory size in MB, and sets the size back that it had. The error
// says so if that fails.
func (l Lambda) Measure(ctx context.Context, memories []int, r Request) (found []Measurement, err error) {
	before, err := l.configuration(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		restoring, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, l.setMemory(restoring, before.MemorySize))
	}()
	for _, memory := range memories {
		if err := l.setMemory(ctx, memory); err != nil {
			return found, err
		}
		answer, err := l.Caller.Invoke(ctx, l.Function, "", r)
		if err != nil {
			return found, fmt.Errorf("measure with %d MB: %w", memory, err)
		}
		var m Measurement
		if err := json.Unmarshal(answer, &m); err != nil {
			return found, fmt.Errorf("read the measurement with %d MB: %w", memory, err)
		}
		if m.MemoryMB != memory {
			return found, fmt.Errorf("%s measured with %d MB, not with %d: is it another function?", l.Function, m.MemoryMB, memory)
		}
		found = append(found, m)
	}
	return found, nil
}

// setMemory changes the memory size and waits until the function has it.
func (l Lambda) setMemory(ctx context.Context, memory int) error {
	_, _, err := l.Caller.Do(ctx, awscall.Call{
		Service: "lambda", Method: http.MethodPut, Path: l.path(), Document: configuration{MemorySize: memory},
	})
	if err != nil {
		return fmt.Errorf("set the memory of %s to %d MB: %w", l.Function, memory, err)
	}
	for {
		now, err := l.configuration(ctx)
		switch {
		case err != nil:
			return err
		case now.LastUpdateStatus == "Failed":
			return fmt.Errorf("set the memory of %s to %d MB: Lambda says that it failed", l.Function, memory)
		case now.LastUpdateStatus == "Successful" && now.MemorySize == memory:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s has %d MB: %w", l.Function, memory, ctx.Err())
		case <-time.After(l.Wait):
		}
	}
}

func (l Lambda) configuration(ctx context.Context) (configuration, error) {
	var c configuration
	_, answer, err := l.Caller.Do(ctx, awscall.Call{Service: "lambda", Method: http.MethodGet, Path: l.path()})
	if err == nil {
		err = json.Unmarshal(answer, &c)
	}
	if err != nil {
		return configuration{}, fmt.Errorf("read the configuration of %s: %w", l.Function, err)
	}
	return c, nil
}

func (l Lambda) path() string { return awscall.FunctionPath(l.Function) + "/configuration" }
