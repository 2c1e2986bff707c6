package awswire_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"latchkey/internal/awswire"
)

// TestRefuseEmpty promises that a success without a result is an error, and that a missing item is not an error.
func TestRefuseEmpty(t *testing.T) {
	for _, tc := range []struct {
		status    int
		body      string
		get, list bool // whether GetItem and Query take it
	}{
		{200, "", false, false}, {204, "", false, false}, {200, " \r\n\t", false, false}, {200, "null", false, false},
		{200, "[]", false, false}, {200, `""`, false, false}, {200, "{", false, false}, {200, "<html>", false, false},
		{200, "{}", true, false}, {200, " { \n } ", true, false},
		{200, `{"Items":[],"Count":0}`, true, true}, {200, ` {"Item":{"pk":{"S":"x"}},"Items":[]}`, true, true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		}))
		client := dynamodb.New(dynamodb.Options{
			Region: "eu-central-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{}, Credentials: aws.AnonymousCredentials{},
		}, dynamodb.WithAPIOptions(awswire.RefuseEmpty))
		_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("t"), Key: map[string]types.AttributeValue{}})
		want(t, "GetItem", tc.body, err, tc.get)
		_, err = client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("t")})
		want(t, "Query", tc.body, err, tc.list)
		server.Close()
	}
}

func want(t *testing.T, call, body string, err error, taken bool) {
	t.Helper()
	_, refused := errors.AsType[*smithy.DeserializationError](err)
	if taken && err != nil || !taken && !refused {
		t.Errorf("%s answered with %q: %v", call, body, err)
	}
}
