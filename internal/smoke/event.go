package smoke

// request is an event of an HTTP API, payload 2.0. Its source is an address of documentation (RFC 5737), so that no real
// source is counted.
func request(method, path, body string) map[string]any {
	headers := map[string]string{"host": "smoke.invalid", "user-agent": "latchkey smoke"}
	event := map[string]any{
		"version": "2.0", "routeKey": "ANY " + path, "rawPath": path, "rawQueryString": "", "headers": headers, "isBase64Encoded": false,
		"requestContext": map[string]any{
			"stage": "$default", "requestId": "smoke", "domainName": "smoke.invalid",
			"http": map[string]string{"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "latchkey smoke"},
		},
	}
	if body != "" {
		headers["content-type"], event["body"] = "application/json", body
	}
	return event
}

// authorization is an authorizer event of an HTTP API with a text that is not a token.
func authorization() map[string]any {
	const bearer = "Bearer not.a.token"
	event := request("GET", "/smoke", "")
	event["type"], event["identitySource"] = "REQUEST", []string{bearer}
	event["routeArn"] = "arn:aws:execute-api:eu-central-1:000000000000:smoke/$default/GET/smoke"
	event["headers"].(map[string]string)["authorization"] = bearer
	return event
}
