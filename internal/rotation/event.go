package rotation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// errRefused reports an event that is not for this secret, or not allowed now; nothing was changed.
var errRefused = errors.New("refused")

func refuse(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errRefused}, a...)...)
}

// step is one of the four, in the spelling of real events; the user guide prints them with underscores.
type step string

const (
	createSecret step = "createSecret"
	setSecret    step = "setSecret"
	testSecret   step = "testSecret"
	finishSecret step = "finishSecret"
)

func parseStep(s string) (step, bool) {
	switch s {
	case "createSecret", "create_secret":
		return createSecret, true
	case "setSecret", "set_secret":
		return setSecret, true
	case "testSecret", "test_secret":
		return testSecret, true
	case "finishSecret", "finish_secret":
		return finishSecret, true
	}
	return "", false
}

// event is a request of Secrets Manager: a step for one version of one secret.
type event struct {
	step     step
	secretID string
	version  string
}

// parseEvent ignores the RotationToken, which proves the caller to functions that work across accounts.
func parseEvent(payload []byte) (event, error) {
	var in struct {
		Step               string
		SecretID           string `json:"SecretId"`
		ClientRequestToken string
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return event{}, refuse("the event is not a JSON object with Step, SecretId and ClientRequestToken as strings")
	}
	if in.Step == "" || in.SecretID == "" || in.ClientRequestToken == "" {
		return event{}, refuse("the event lacks Step, SecretId or ClientRequestToken")
	}
	step, known := parseStep(in.Step)
	if !known {
		return event{}, refuse("there is no step %.40q", in.Step)
	}
	return event{step, in.SecretID, in.ClientRequestToken}, nil
}

// String describes the event for errors.
func (e event) String() string {
	if e.step == "" {
		return "rotation event"
	}
	return string(e.step)
}

// version is the version of an event, with the labels of the secret.
type version struct {
	id               string
	current, pending bool   // its labels
	inUse            string // the version that is AWSCURRENT now, or empty
}

// find makes the checks that Secrets Manager requires of every rotation function before it does anything.
func (e event) find(labels map[string][]string, rotating bool) (version, error) {
	own, exists := labels[e.version]
	v := version{
		id: e.version, inUse: labelled(labels, labelCurrent),
		current: slices.Contains(own, labelCurrent), pending: slices.Contains(own, labelPending),
	}
	switch {
	case !rotating:
		return version{}, refuse("rotation is not turned on for the secret")
	case !exists:
		return version{}, refuse("the secret has no version %.80q", e.version)
	case v.current || v.pending:
		return v, nil
	}
	if elsewhere := labelled(labels, labelPending); elsewhere != "" {
		return version{}, refuse("version %s is not %s; version %s is, perhaps since a rotation that did not end", e.version, labelPending, elsewhere)
	}
	return version{}, refuse("version %s is not %s any more", e.version, labelPending)
}

func labelled(labels map[string][]string, label string) string {
	for id, own := range labels {
		if slices.Contains(own, label) {
			return id
		}
	}
	return ""
}

// sameSecret compares ids, each an ARN or a name; an ARN ends with the name, a hyphen and six random characters.
func sameSecret(ours, theirs string) bool {
	return ours == theirs || isNamed(ours, theirs) || isNamed(theirs, ours)
}

func isNamed(arn, name string) bool {
	_, resource, found := strings.Cut(arn, ":secret:")
	rest, same := strings.CutPrefix(resource, name+"-")
	return strings.HasPrefix(arn, "arn:") && found && same && len(rest) == 6
}
