package dynamo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// wire stands between the SDK's client and DynamoDB Local: it counts calls and what they cost, and where a test
// says so it spoils them, as networks and a throttled DynamoDB do.
type wire struct {
	next  aws.HTTPClient
	spoil func(op string, try int, send func(body []byte) answer, body []byte) answer // nil: nothing is spoiled

	mu    sync.Mutex
	calls []call
}

// call is one HTTP request: the operation, and the capacity units that DynamoDB says it took.
type call struct {
	op    string
	units float64
}

// answer is a status and a body, or an error of the network.
type answer struct {
	status int
	body   []byte
	err    error
}

// Do asks DynamoDB for the consumed capacity, passes the request on, and notes the call.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.calls = append(w.calls, call{op: op})
	n := len(w.calls) - 1
	w.mu.Unlock()
	send := func(body []byte) answer { return w.send(req, body) }
	var a answer
	if w.spoil != nil {
		a = w.spoil(op, n, send, body)
	} else {
		a = send(body)
	}
	if a.err != nil {
		return nil, a.err
	}
	w.mu.Lock()
	w.calls[n].units = units(a.body)
	w.mu.Unlock()
	header := http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(a.body)), 10))
	return &http.Response{
		StatusCode: a.status, Header: header, Request: req,
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

func (w *wire) send(req *http.Request, body []byte) answer {
	body = bytes.Replace(body, []byte("{"), []byte(`{"ReturnConsumedCapacity":"TOTAL",`), 1) // signatures are not checked
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := w.next.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, body: got, err: err}
}

// units adds up the capacity that an answer reports, of one table or of several.
func units(body []byte) (sum float64) {
	type capacity struct{ CapacityUnits float64 }
	var one struct{ ConsumedCapacity capacity }
	var several struct{ ConsumedCapacity []capacity }
	if json.Unmarshal(body, &one) == nil {
		return one.ConsumedCapacity.CapacityUnits
	}
	json.Unmarshal(body, &several)
	for _, c := range several.ConsumedCapacity {
		sum += c.CapacityUnits
	}
	return sum
}

// take returns the calls since the last take, as text: "GetItem 1".
func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, c := range w.calls {
		all = append(all, fmt.Sprintf("%s %g", c.op, c.units))
	}
	w.calls = nil
	return all
}

// problem is an error as DynamoDB words it.
func problem(status int, code, message string) answer {
	return answer{status: status, body: fmt.Appendf(nil,
		`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, code, message)}
}
