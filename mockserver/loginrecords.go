package mockserver

import "github.com/jetway-go/jetway/mockserver/oauth"

// LoginRecords returns the stories of the latest 256 logins, the one with the latest event
// first: what was issued, renewed, refused and revoked. A server with [WithControlPlane] has
// no logins of its own. It copies the records.
func (s *Server) LoginRecords() []oauth.LoginRecord { return s.oauth.LoginRecords() }
