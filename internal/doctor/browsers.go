package doctor

import (
	"context"
	"net/http"
	"slices"
)

// elsewhere is an origin that no deployment allows: its host cannot exist.
const elsewhere = "https://doctor.invalid"

// lookCrossSite sends a sign-in as a browser would from a page of another site.
func lookCrossSite(ctx context.Context, d *Deployment) []Finding {
	if len(d.spoken) == 0 {
		return notChecked("there is no sign-in to send")
	}
	a, err := d.signIn(ctx, d.spoken[0], "Origin", elsewhere, "Sec-Fetch-Site", "cross-site")
	switch {
	case err != nil:
		message, advice := explain(err)
		return unknown(advice, "%s", message)
	case a.header.Get("Access-Control-Allow-Origin") != "":
		return fault("Switch CORS off in the proxy or gateway: Latchkey answers it itself, by AllowedOrigins.", "any site may read the answers: something adds Access-Control-Allow-Origin")
	case a.status != http.StatusForbidden:
		return fault("Let nothing in front remove Origin and Sec-Fetch-Site from requests.", "a sign-in from a page of another site is not refused")
	}
	return ok("a sign-in from a page of another site is refused")
}

// lookOrigins sends the preflight of each origin whose pages should be able to call.
func lookOrigins(ctx context.Context, d *Deployment) []Finding {
	switch {
	case len(d.spoken) == 0:
		return notChecked("there is no sign-in to ask for")
	case len(d.config.Origins) == 0 && d.config.Certain:
		return ok("AllowedOrigins is empty: only pages of the same site may call")
	case len(d.config.Origins) == 0:
		return notChecked("no origin is known: name those of your pages with --allowed-origins")
	}
	var found []Finding
	for _, origin := range d.config.Origins {
		found = append(found, d.preflight(ctx, origin)...)
	}
	return orOK(found, "pages of %s may call, with cookies", count(len(d.config.Origins), "origin"))
}

func (d *Deployment) preflight(ctx context.Context, origin string) []Finding {
	a, err := d.send(ctx, request{method: http.MethodOptions, path: d.spoken[0].Path(), header: []string{
		"Origin", origin, "Access-Control-Request-Method", http.MethodPost, "Access-Control-Request-Headers", "content-type"}})
	if err != nil {
		message, advice := explain(err)
		return unknown(advice, "%s", message)
	}
	if allowed := a.header.Values("Access-Control-Allow-Origin"); a.status/100 != 2 || !slices.Equal(allowed, []string{origin}) ||
		a.header.Get("Access-Control-Allow-Credentials") != "true" {
		return fault("Add it to AllowedOrigins, exactly as browsers send it, and let nothing in front answer preflights.", "pages of %s may not call: their preflight is not granted", origin)
	}
	return nil
}
