package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"time"
)

const (
	functionTurns = 41
	startLimit    = 10 * time.Second // Lambda's own limit for the start of a function

	mega       = 1e6
	binaryGoal = 11
	zipGoal    = 4.5
	startGoal  = 2.5
)

// measureFunction compares the login function with an empty one built in the same way: the size of each, and the time until
// it asks Lambda for its first event.
func measureFunction(ctx context.Context, dir string) ([]result, error) {
	var sizes, zipped [2]float64
	var programs [2]string
	for i, target := range [2][]string{
		{"build-LoginFunction"}, {"build-EmptyFunction", "PACKAGE=./tools/bench/empty"},
	} {
		artifacts := fmt.Sprintf("%s/function-%d", dir, i)
		programs[i] = artifacts + "/bootstrap"
		args := append([]string{"-s", "ARTIFACTS_DIR=" + artifacts, "LAMBDA_GOARCH=" + runtime.GOARCH}, target...)
		if err := command(ctx, "make", args...); err != nil {
			return nil, err
		}
		var err error
		if sizes[i], zipped[i], err = size(programs[i]); err != nil {
			return nil, err
		}
	}
	starts, err := measureStarts(ctx, programs)
	if err != nil {
		return nil, err
	}
	megabytes := func(name string, both [2]float64, most float64) result {
		return result{
			name: name, ours: fmt.Sprintf("%.2f MB", both[0]), bare: fmt.Sprintf("%.2f MB", both[1]),
			ratio: sample{both[0] / both[1]}, value: both[0], goal: goal{most: most, unit: " MB"},
		}
	}
	return []result{
		megabytes("functions/login, binary", sizes, binaryGoal),
		megabytes("functions/login, zip", zipped, zipGoal),
		starts,
	}, nil
}

// size returns the megabytes of a file and of its smallest zip, as it is uploaded.
func size(path string) (plain, zipped float64, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, fmt.Errorf("measure a function: %w", err)
	}
	var counted counter
	archive := zip.NewWriter(&counted)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	file, err := archive.Create("bootstrap")
	if err == nil {
		_, err = file.Write(content)
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		return 0, 0, fmt.Errorf("zip a function: %w", err)
	}
	return float64(len(content)) / mega, float64(counted) / mega, nil
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func measureStarts(ctx context.Context, programs [2]string) (result, error) {
	lambda := newRuntimeAPI()
	defer lambda.server.Close()
	var took [2]sample
	var ratios sample
	for turn := range functionTurns + 3 {
		var now [2]float64
		for i, program := range programs {
			d, err := lambda.firstPoll(ctx, program)
			if err != nil {
				return result{}, err
			}
			now[i] = inMilliseconds(d)
		}
		if turn < 3 { // brings both into the page cache
			continue
		}
		took[0], took[1] = append(took[0], now[0]), append(took[1], now[1])
		ratios = append(ratios, now[0]/now[1])
	}
	ours, empty := took[0].median(), took[1].median()
	return result{
		name: "functions/login, exec to first poll", ours: milliseconds(ours), bare: milliseconds(empty),
		ratio: ratios, value: ours / empty, goal: goal{most: startGoal, unit: " x"},
	}, nil
}

// runtimeAPI is Lambda's runtime API without events.
type runtimeAPI struct {
	server *httptest.Server
	polled chan time.Time
}

func newRuntimeAPI() *runtimeAPI {
	a := &runtimeAPI{polled: make(chan time.Time, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(_ http.ResponseWriter, r *http.Request) {
		a.polled <- time.Now()
		<-r.Context().Done()
	})
	a.server = httptest.NewServer(mux)
	return a
}

// firstPoll starts the function and returns the time until it asked for an event. It does not set the variables with which
// Lambda makes a function warm up, so only the function's own start is measured.
func (a *runtimeAPI) firstPoll(ctx context.Context, program string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	function := exec.CommandContext(ctx, program)
	function.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + a.server.Listener.Addr().String(), "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "LATCHKEY_ISSUER=https://login.example.com",
		"LATCHKEY_STORE=dynamodb:latchkey", "LATCHKEY_KEYS=secretsmanager:latchkey",
	}
	began := time.Now()
	if err := function.Start(); err != nil {
		return 0, fmt.Errorf("start the function: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- function.Wait() }()
	select {
	case at := <-a.polled:
		cancel()
		<-ended
		return at.Sub(began), nil
	case err := <-ended:
		return 0, fmt.Errorf("%s ended before it asked for an event: %w", program, err)
	}
}
