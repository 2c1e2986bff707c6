package doctor

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"latchkey/internal/awscall"
)

// bootstrap is the program in a function's archive.
const bootstrap = "bootstrap"

// codeLimit is more than Lambda takes of an archive.
const codeLimit = 300 << 20

// AttestChecks returns the check that rebuilds every function, which takes minutes.
func AttestChecks() []Check { return []Check{{"attestation", nil, lookCode}} }

// lookCode compares the program of each function with one built from the commit, byte by byte.
func lookCode(ctx context.Context, d *Deployment) []Finding {
	s, source := d.config.Stack, d.config.Source
	if !s.Readable() {
		return notChecked("the functions cannot be read")
	}
	tree, err := source.checkOut(ctx)
	if err != nil {
		return unknown("Run it in a clone of the repository that has the commit, with git, make and Go; --attest=VERSION names another commit.", "%v", err)
	}
	defer tree.remove()
	var found []Finding
	for _, logical := range s.ordered() {
		deployed, err := d.download(ctx, s.functions[logical])
		if err != nil {
			return append(found, unknown("It needs the right lambda:GetFunction.", "%s: %v", logical, err)...)
		}
		about, err := buildinfo.Read(bytes.NewReader(deployed))
		if err != nil {
			found = append(found, fault(changedCode, "%s does not run a Go program", logical)...)
			continue
		}
		built, err := tree.build(ctx, logical, about)
		if err != nil {
			return append(found, unknown("Build it by hand: 'make build-"+logical+"'.", "%s cannot be built: %v", logical, err)...)
		}
		if !bytes.Equal(built, deployed) {
			found = append(found, fault(changedCode, "%s does not run the code of %s", logical, source.Version)...)
		}
	}
	return orOK(found, "all %d functions run exactly the code of %s", len(s.functions), source.Version)
}

const changedCode = "If the version is right, find out who changed the code (CloudTrail: UpdateFunctionCode), and deploy the commit again. --attest=VERSION names another version."

// download returns the program of the version that gets traffic, from the archive whose checksum Lambda shows.
func (d *Deployment) download(ctx context.Context, f function) ([]byte, error) {
	path := awscall.FunctionPath(f.name)
	if f.hasAlias {
		path += "?Qualifier=" + liveAlias
	}
	var answer struct{ Code struct{ Location string } }
	if err := d.config.Stack.get(ctx, "lambda", path, &answer); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, answer.Code.Location, nil)
	if err != nil {
		return nil, errors.New("find the code: Lambda names no location")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("load the code: %s", cause(err)) // its URL is a credential
	}
	defer res.Body.Close()
	archive, err := io.ReadAll(io.LimitReader(res.Body, codeLimit))
	if err != nil {
		return nil, fmt.Errorf("load the code: %s", cause(err))
	}
	sum := sha256.Sum256(archive)
	if base64.StdEncoding.EncodeToString(sum[:]) != f.live.CodeSha256 {
		return nil, errors.New("the code that was loaded does not have its CodeSha256")
	}
	return program(archive)
}

func program(archive []byte) ([]byte, error) {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	file, err := files.Open(bootstrap)
	if err != nil {
		return nil, fmt.Errorf("find the program in the archive: %w", err)
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, codeLimit))
}
