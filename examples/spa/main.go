// Command spa runs a small shop whose page, login and orders have an origin each, as in production:
//
//	go run ./examples/spa
//
// It serves the page, and starts `latchkey serve --demo` and examples/go-api for it.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

//go:embed index.html style.css app.js latchkey.js
var files embed.FS

func main() {
	var ports ports
	flag.IntVar(&ports.page, "page", 5173, "port of the page")
	flag.IntVar(&ports.login, "login", 3000, "port of Latchkey")
	flag.IntVar(&ports.orders, "orders", 4000, "port of the orders API")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, ports); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

type ports struct{ page, login, orders int }

func origin(port int) string { return fmt.Sprintf("http://localhost:%d", port) }

// run builds and starts the two services, serves the page, and returns when ctx or one of them ends.
func run(ctx context.Context, p ports) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dir, err := os.MkdirTemp("", "latchkey-spa")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	services := [][]string{
		{"latchkey/cmd/latchkey", "serve", "--demo", "--addr", fmt.Sprintf("127.0.0.1:%d", p.login), "--allowed-origins", origin(p.page)},
		{"latchkey/examples/go-api", "-issuer", fmt.Sprintf("http://127.0.0.1:%d", p.login), "-addr", fmt.Sprintf("127.0.0.1:%d", p.orders), "-origin", origin(p.page)},
	}
	ended := make(chan struct{}, len(services))
	for _, service := range services {
		cmd, err := build(ctx, dir, service[0], service[1:]...)
		if err != nil {
			return err
		}
		go func() {
			cancel(fmt.Errorf("%s: %w", service[0], cmd.Run()))
			ended <- struct{}{}
		}()
	}
	server := &http.Server{Addr: fmt.Sprintf("127.0.0.1:%d", p.page), Handler: page(p), ReadHeaderTimeout: 5 * time.Second}
	go func() { cancel(fmt.Errorf("serve the page: %w", server.ListenAndServe())) }()
	fmt.Printf("open %s and sign in as ada@example.com, password 'correct horse battery staple'\n", origin(p.page))
	<-ctx.Done()
	server.Close()
	for range services {
		<-ended
	}
	return context.Cause(ctx)
}

// build compiles a program of this module and returns the command that runs it; its end is announced by an interrupt.
func build(ctx context.Context, dir, program string, args ...string) (*exec.Cmd, error) {
	binary := filepath.Join(dir, filepath.Base(program)+".exe") // Windows needs a suffix, others do not mind
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, program).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second // then it is killed
	return cmd, nil
}

// page serves the files, which name the usual ports, for the chosen ones.
func page(p ports) http.Handler {
	static := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		login, orders := origin(p.login), origin(p.orders)
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "+
			"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; connect-src "+login+" "+orders)
		h.Set("Cache-Control", "no-cache")
		if r.URL.Path != "/" {
			static.ServeHTTP(w, r)
			return
		}
		text, err := files.ReadFile("index.html")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.NewReplacer(origin(3000), login, origin(4000), orders).Replace(string(text)))
	})
}
