package app

import (
	"runtime/debug"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// version is set by the linker: -ldflags "-X latchkey/internal/app.version=v1.2.3". Other builds leave it empty.
var version = ""

// Version returns the release this binary was built as, else the module's version or the commit, else "devel".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	stamp := map[string]string{}
	for _, s := range info.Settings {
		stamp[s.Key] = s.Value
	}
	switch commit := stamp["vcs.revision"]; {
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	case commit != "" && stamp["vcs.modified"] == "true":
		return commit[:min(12, len(commit))] + "-dirty"
	case commit != "":
		return commit[:min(12, len(commit))]
	}
	return "devel"
}

// WithUserAgent returns cfg with latchkey/VERSION added to the User-Agent of every call, so that CloudTrail shows who called.
func WithUserAgent(cfg aws.Config) aws.Config {
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], middleware.AddUserAgentKeyValue("latchkey", Version()))
	return cfg
}
