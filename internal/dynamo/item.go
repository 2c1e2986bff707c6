package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is one item of the table, by attribute name. It is encoded and decoded by hand: there are few kinds of items, and the
// SDK's marshalling would add reflection to every cold start.
type item map[string]types.AttributeValue

const (
	timeFormat = "2006-01-02T15:04:05.000Z" // RFC 3339, in UTC
	maxItem    = 400 << 10                  // bytes, DynamoDB's limit
)

// setText omits an empty value; it is read back as empty.
func (it item) setText(name, value string) {
	if value != "" {
		it[name] = text(value)
	}
}

func (it item) setNumber(name string, value int64) { it[name] = number(value) }

func (it item) setTime(name string, value time.Time) {
	if !value.IsZero() {
		it[name] = timeAttribute(value)
	}
}

func (it item) setJSON(name string, value any) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // so that a document is read back unchanged
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write attribute %s: %w", name, err)
	}
	it[name] = text(strings.TrimSuffix(b.String(), "\n"))
	return nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func timeAttribute(t time.Time) types.AttributeValue { return text(t.UTC().Format(timeFormat)) }

func flag(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

var errTooLarge = errors.New("larger than the 400 KB that DynamoDB allows for an item")

// checkSize reports an item over 400 KB before the call; DynamoDB's own error would not say why.
func (it item) checkSize() error {
	size := 0
	for name, value := range it {
		size += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			size += len(v.Value)
		case *types.AttributeValueMemberN:
			size += len(v.Value)
		}
	}
	if size > maxItem {
		return errTooLarge
	}
	return nil
}

// fields reads an item's attributes and keeps the first error, which names the attribute and not its value. Absent
// attributes are zero.
type fields struct {
	item item
	err  error
}

// decode reads a whole item. A broken item is our fault, not the user's: the error wraps auth.ErrUnavailable.
func decode[T any](action string, it item, from func(*fields) T) (T, error) {
	f := fields{item: it}
	v := from(&f)
	if f.err != nil {
		var none T
		return none, unavailable(action, f.err)
	}
	return v, nil
}

// attribute returns the attribute, and false if it is absent or not a T.
func attribute[T types.AttributeValue](f *fields, name string) (T, bool) {
	v, ok := f.item[name].(T)
	if !ok && f.item[name] != nil {
		f.fail(name, "has a wrong type")
	}
	return v, ok
}

func (f *fields) text(name string) string {
	if v, ok := attribute[*types.AttributeValueMemberS](f, name); ok {
		return v.Value
	}
	return ""
}

// list returns the parts of a text between commas, nil for an empty text.
func (f *fields) list(name string) []string {
	if s := f.text(name); s != "" {
		return strings.Split(s, ",")
	}
	return nil
}

func (f *fields) number(name string) int64 {
	v, ok := attribute[*types.AttributeValueMemberN](f, name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		f.fail(name, "is not a whole number of 64 bits")
	}
	return n
}

func (f *fields) flag(name string) bool {
	v, ok := attribute[*types.AttributeValueMemberBOOL](f, name)
	return ok && v.Value
}

func (f *fields) time(name string) time.Time {
	s := f.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		f.fail(name, "is not a time as in RFC 3339")
	}
	return t.UTC()
}

func (f *fields) json(name string, into any) {
	if s := f.text(name); s != "" && json.Unmarshal([]byte(s), into) != nil {
		f.fail(name, "is not the JSON it should be")
	}
}

func (f *fields) fail(name, problem string) {
	if f.err == nil {
		f.err = fmt.Errorf("attribute %s %s", name, problem)
	}
}
