// Package awswire checks what AWS services answer before the SDK reads it.
package awswire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var errEmpty = errors.New("an answer without content, which the service never gives")

// RefuseEmpty makes successful answers without a JSON object an error of kind *smithy.DeserializationError. The SDK takes
// an empty body for an empty result: a middlebox that sends one would turn every user into an unknown one.
func RefuseEmpty(stack *middleware.Stack) error {
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("RefuseEmpty", refuseEmpty), "OperationDeserializer", middleware.After)
}

func refuseEmpty(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	answer, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || answer.StatusCode < 200 || answer.StatusCode > 299 {
		return out, metadata, err
	}
	body := bufio.NewReader(answer.Body)
	begin, err := firstBytes(body)
	if err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	if begin == "{}" && mayBeEmpty(middleware.GetOperationName(ctx)) || len(begin) == 2 && begin[0] == '{' && begin != "{}" {
		answer.Body = readCloser{io.MultiReader(strings.NewReader(begin), body), answer.Body}
		return out, metadata, nil
	}
	return out, metadata, &smithy.DeserializationError{Err: errEmpty}
}

// mayBeEmpty reports whether the operation's result has no required member: an item that does not exist, or a write
// without return values.
func mayBeEmpty(operation string) bool {
	return slices.Contains([]string{"GetItem", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}, operation)
}

// firstBytes reads the first two bytes that are not white space; fewer if the body ends before.
func firstBytes(body io.ByteReader) (string, error) {
	var begin []byte
	for len(begin) < 2 {
		b, err := body.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			begin = append(begin, b)
		}
	}
	return string(begin), nil
}

type readCloser struct {
	io.Reader
	io.Closer
}
