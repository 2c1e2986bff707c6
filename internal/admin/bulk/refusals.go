package bulk

import (
	"errors"
	"fmt"

	"latchkey/internal/userfile"
)

// maxAlike is how many lines may be refused for one reason before an import that stored nothing yet ends.
const maxAlike = 20

// refusals counts the lines that were refused for one reason in a row.
type refusals struct {
	why   string
	alike int
}

// add takes the next refused line and reports whether the operator has to hear of it: the format of a file is told once.
func (r *refusals) add(why error) (news bool) {
	if text := why.Error(); r.why != text {
		r.why, r.alike = text, 0
	}
	r.alike++
	var format *userfile.FormatError
	return r.alike == 1 || !errors.As(why, &format)
}

// hopeless returns an error once every line so far was refused for one reason, and there were maxAlike of them.
func (r *refusals) hopeless(counts Counts) error {
	if r.alike < maxAlike || counts.Refused != r.alike || counts.users() != counts.Refused {
		return nil
	}
	return fmt.Errorf("stopped: the first %d lines are all refused for one reason, and nothing is stored", r.alike)
}
