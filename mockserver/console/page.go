package console

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/jetway-go/jetway/mockserver/requests"
)

// page is all that the page shows at first. Its stream then sends what changes.
type page struct {
	CSRF     string
	Endpoint string
	Issuer   string
	Index    string
	Device   string
	Account  string
	Client   string
	After    uint64 // number of the latest request
	Query    string // of the stream
	Counts   counts
	Requests []requestRow // newest first
	Devices  devicesView
	Logins   loginsView
	Runs     []runView
	Timeline *timelineView
	Log      *logView
	Groups   []faultGroup
}

// counts are the numbers at the top of the page.
type counts struct {
	Requests uint64
	Problems int // of the latest requests
	Rate     string
	Valid    int // logins with a valid token
	Logins   int
	Running  int
	Runs     int
	Latest   bool // Runs is about the latest ones only
	Devices  int
	Faults   []string // titles of those that are on
	Shown    int      // how many requests Problems is about
}

func (c *Console) newPage(s session, chosen selection) page {
	now := c.server.Now()
	view := c.requests(func(requests.Request) bool { return true })
	p := page{
		CSRF: s.csrf, Endpoint: c.server.URL(), Issuer: c.server.Issuer(), Index: c.server.HTTPURL() + "/",
		Account: c.server.Login(), Client: c.server.ClientID(), Devices: c.deviceViews(),
	}
	p.Logins = c.loginViews(now)
	p.Runs, p.Timeline = c.runViews(chosen, now)
	if p.Timeline != nil {
		log := c.logView(p.Timeline.chosen, p.Timeline.action, 0, 0)
		p.Log = &log
		if p.Timeline.Pinned {
			p.Query = strings.TrimPrefix(p.Timeline.chosen.query(), Path)
		}
	}
	var faults []string
	p.Groups, faults = c.faultGroups()
	p.Requests, p.After = view.rows, view.latest
	p.Counts = countsOf(view, p.Devices, p.Logins, p.Runs, faults)
	return p
}

func countsOf(view requestsView, devices devicesView, logins loginsView, runs []runView, faults []string) counts {
	n := counts{
		Requests: view.latest, Problems: view.problems, Shown: view.shown,
		Devices: devices.total(), Valid: logins.valid, Logins: logins.total(), Runs: len(runs), Faults: faults,
		Latest: len(runs) == shownRuns,
	}
	for _, r := range runs {
		if r.Tone == busy || r.Tone == quiet {
			n.Running++
		}
	}
	return n
}

// parsePages reads the templates.
func parsePages() (*template.Template, error) {
	t := template.New("").Funcs(template.FuncMap{
		"percent": func(x float64) string { return fmt.Sprintf("%.2f%%", x) },
	})
	return t.ParseFS(assets, "assets/*.html")
}
