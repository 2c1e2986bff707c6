package doctor

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Source is the commit that should be deployed: a clone of the repository, and a version as 'latchkey version' prints it.
type Source struct{ Repository, Version string }

// tree is the source of one commit in a folder of its own.
type tree struct{ folder, version string }

// checkOut writes the files of the commit into a new folder. It leaves the repository as it is.
func (s Source) checkOut(ctx context.Context) (tree, error) {
	if strings.HasSuffix(s.Version, "-dirty") || s.Version == "devel" {
		return tree{}, fmt.Errorf("the version %s names no commit", s.Version)
	}
	commit, err := output(ctx, s.Repository, nil, "git", "rev-parse", "--verify", "--quiet", s.Version+"^{commit}")
	if err != nil {
		return tree{}, fmt.Errorf("the version %s is not a commit of the repository in %s", s.Version, s.Repository)
	}
	folder, err := os.MkdirTemp("", "latchkey-attest-")
	if err != nil {
		return tree{}, fmt.Errorf("make a folder: %w", err)
	}
	t := tree{folder, s.Version}
	archive := filepath.Join(folder, "source.tar")
	_, err = output(ctx, s.Repository, nil, "git", "archive", "--output", archive, strings.TrimSpace(commit))
	if err == nil {
		_, err = output(ctx, folder, nil, "tar", "-xf", archive)
	}
	if err != nil {
		t.remove()
		return tree{}, fmt.Errorf("check out %s: %w", s.Version, err)
	}
	return t, nil
}

// build builds a function with the Go release and for the processor of the one that is deployed.
func (t tree) build(ctx context.Context, logical string, like *buildinfo.BuildInfo) ([]byte, error) {
	architecture := "amd64"
	for _, s := range like.Settings {
		if s.Key == "GOARCH" {
			architecture = s.Value
		}
	}
	out := filepath.Join(t.folder, "built", logical)
	environment := append(os.Environ(), "GOFLAGS=", "GOTOOLCHAIN="+like.GoVersion)
	_, err := output(ctx, t.folder, environment, "make", "build-"+logical, "ARTIFACTS_DIR="+out, "VERSION="+t.version, "LAMBDA_GOARCH="+architecture)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(out, bootstrap))
}

func (t tree) remove() { os.RemoveAll(t.folder) }

// output runs a command and returns what it prints; the error holds the end of what it says on standard error.
func output(ctx context.Context, folder string, environment []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = folder, environment
	var failure strings.Builder
	cmd.Stderr = &failure
	text, err := cmd.Output()
	if err != nil {
		said := strings.TrimSpace(failure.String())
		return "", fmt.Errorf("%s: %w %s", name, err, said[max(0, len(said)-300):])
	}
	return string(text), nil
}
