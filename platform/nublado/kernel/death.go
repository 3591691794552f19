package kernel

import "encoding/json"

// death returns why the kernel is no longer the one that ran code until now; empty if it
// still is. The server says so about no request, a kernel that is shut down about that of
// another client.
func (m message) death() string {
	const again = "; dial again, and run everything again"
	if m.kind == "shutdown_reply" {
		var s struct {
			Restart bool `json:"restart"`
		}
		if json.Unmarshal(m.content, &s) == nil && s.Restart {
			return "a client restarts it" + again
		}
		return "it was shut down; start another"
	}
	switch m.state() {
	case "restarting", "autorestarting":
		return "the server restarts it" + again + "; if that repeats, the code may need more memory than there is"
	case "dead":
		return "the server does not restart it; start another"
	default:
		return ""
	}
}

// state returns the state of the kernel that a status message has.
func (m message) state() string {
	var s struct {
		State string `json:"execution_state"`
	}
	if m.kind != "status" || json.Unmarshal(m.content, &s) != nil {
		return ""
	}
	return s.State
}
