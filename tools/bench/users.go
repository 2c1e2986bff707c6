package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"latchkey/internal/password"
)

const loginPassword = "correct horse battery staple"

func email(user int) string { return fmt.Sprintf("user-%d@example.com", user) }

// importLines returns this many lines for `latchkey users import`, each with a realistic profile.
func importLines(users int) string {
	var lines strings.Builder
	for i := range users {
		fmt.Fprintf(&lines, `{"email": %q, "password": %q, "status": "ready", "role": "editor", "name": "Ada", `+
			`"lastName": "Lovelace", "companyName": "Analytical Engines", "country": "GB", "city": "London", `+
			`"projects": ["64b0000000000000000000aa", "64b0000000000000000000ab"], "accounts": [{"organizationId": "org-1", `+
			`"organizationName": "Analytical Engines", "userType": "Organization Owner"}]}`+"\n", email(i), loginPassword)
	}
	return lines.String()
}

// distinctHashes is large enough that no two neighbours have the same hash.
const distinctHashes = 16

// writeUsers writes n generated users for `latchkey users import`. All have loginPassword, hashed at the lowest cost, because a
// million normal hashes would take a day.
func writeUsers(ctx context.Context, to io.Writer, users int) error {
	hashes, err := cheapHashes(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(to, 1<<20)
	for i := range users {
		fmt.Fprintf(out, `{"id":"%s","email":%q,"passwordHash":%q,"status":"ready","role":"editor","name":"Ada",`+
			`"lastName":"Lovelace %d","companyName":"Analytical Engines","country":"GB","city":"London",`+
			`"projects":["64b0000000000000000000aa","64b0000000000000000000ab"],"accounts":[{"id":"%s","organizationId":"org-%d",`+
			`"organizationName":"Analytical Engines","userType":"Organization Owner"}]}`+"\n",
			hexID("user", i), email(i), hashes[i%len(hashes)], i, hexID("account", i), i%1000)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the users: %w", err)
	}
	return ctx.Err()
}

func cheapHashes(ctx context.Context) ([]string, error) {
	params, err := password.ParseParams(cheapHash)
	if err != nil {
		return nil, err
	}
	hasher := password.New(params, 0)
	hashes := make([]string, distinctHashes)
	for i := range hashes {
		if hashes[i], err = hasher.Hash(ctx, loginPassword); err != nil {
			return nil, fmt.Errorf("make a hash: %w", err)
		}
	}
	return hashes, nil
}

// hexID returns 24 hex digits that are reproducible and, like random ids, unordered.
func hexID(kind string, i int) string {
	sum := sha256.Sum256([]byte(kind + strconv.Itoa(i)))
	return hex.EncodeToString(sum[:12])
}
