package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// runBaseline runs the process that Latchkey is compared with.
func runBaseline(ctx context.Context, args []string) error {
	switch args[0] {
	case "server":
		var size answerSize
		if _, err := fmt.Sscan(strings.Join(args[1:], " "), &size.body, &size.access, &size.refresh); err != nil {
			return fmt.Errorf("read the size of the answer: %w", err)
		}
		return serveBare(ctx, bareHandler(size))
	case "token":
		return serveBare(ctx, checkBare())
	case "hash":
		return playHash(args[1:], os.Stdin, os.Stdout)
	case "users":
		var users int
		if _, err := fmt.Sscan(strings.Join(args[1:], " "), &users); err != nil {
			return fmt.Errorf("read how many users: %w", err)
		}
		return writeUsers(ctx, os.Stdout, users)
	case "insert":
		if len(args) != 3 {
			return errors.New("insert takes two stores")
		}
		return playInsert(ctx, args[1], args[2], os.Stdout)
	}
	return fmt.Errorf("there is no %q to play", args[0])
}

// answerSize is the size of a login's answer in bytes: its body and the values of its two cookies.
type answerSize struct{ body, access, refresh int }

func serveBare(ctx context.Context, handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: handler}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Println("listening on http://" + listener.Addr().String())
	return server.Serve(listener)
}

// bareHandler does the minimum of a login over HTTP: it reads JSON, sets two cookies and answers JSON.
func bareHandler(size answerSize) http.Handler {
	type answer struct {
		Text string `json:"text"`
	}
	filled := answer{strings.Repeat("x", max(0, size.body-len(`{"text":""}`)))}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var given struct{ Username, Password string }
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &given)
		}
		if err != nil || given.Username == "" || given.Password == "" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "planpoint", Value: strings.Repeat("x", size.access), Path: "/", HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "planpointRefresh", Value: strings.Repeat("x", size.refresh), Path: "/", HttpOnly: true})
		out, err := json.Marshal(filled)
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(out)
	})
}
