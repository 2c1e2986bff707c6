package verify_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"latchkey/verify"
)

// An API for signed-in users, which knows who they are.
func Example() {
	issuer, token, end := demoLogin() // a local Latchkey and a token that it issued
	defer end()

	v, err := verify.New(issuer, issuer)
	if err != nil {
		panic(err)
	}
	orders := func(w http.ResponseWriter, r *http.Request) {
		c, _ := verify.FromContext(r.Context())
		fmt.Fprintf(w, "orders of %s, who is %s", c.Subject, c.Roles[0])
	}
	api := httptest.NewServer(v.Handler(http.HandlerFunc(orders)))
	defer api.Close()

	for _, authorization := range []string{"Bearer " + token, "Bearer forged"} {
		r, _ := http.NewRequest(http.MethodGet, api.URL, nil)
		r.Header.Set("Authorization", authorization)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode, string(body))
	}
	// Output:
	// 200 orders of user-1, who is editor
	// 401 {"message":"Not signed in"}
}

// If tokens must not outlive a sign-out, ask Latchkey about the session.
func ExampleWithSessionCheck() {
	stands := func(ctx context.Context, token string, _ verify.Claims) (bool, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://login.example.com/api/users/me", nil)
		if err != nil {
			return false, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return false, err
		}
		defer answer.Body.Close()
		switch answer.StatusCode {
		case http.StatusOK:
			return true, nil
		case http.StatusUnauthorized:
			return false, nil
		}
		return false, fmt.Errorf("latchkey answered %d", answer.StatusCode)
	}
	v, err := verify.New("https://login.example.com", "https://login.example.com", verify.WithSessionCheck(stands))
	fmt.Println(v != nil, err)
	// Output: true <nil>
}
