package mock

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/seed"
)

// loadSeed reads the file of --seed.
func (f *Flags) loadSeed() error {
	if f.seedFile == "" {
		return nil
	}
	text, err := os.ReadFile(f.seedFile)
	if err != nil {
		return &misuse{fmt.Errorf("read --seed: %w", err)}
	}
	if f.seeds, err = seed.Parse(text); err != nil {
		return &misuse{fmt.Errorf("--seed %s: %w", f.seedFile, err)}
	}
	return nil
}

// applySeed adds what the file has to b. With --data an earlier start may have added it, and
// clients may have changed it since: what is there stays.
func (f *Flags) applySeed(ctx context.Context, b *backend.Backend) error {
	if f.seeds == nil {
		return nil
	}
	apply := f.seeds.Apply
	if f.data != "" {
		apply = f.seeds.ApplyMissing
	}
	if err := apply(ctx, b); err != nil {
		return &misuse{fmt.Errorf("--seed %s: %w", f.seedFile, err)}
	}
	return nil
}

// clients returns those of the seed file and that of the flags. The first is the one that the
// mock prints: the one of --client, which the file may have too, or else the file's first.
func (f *Flags) clients() []oauth.Client {
	scopes := strings.Fields(f.scopes)
	var out []oauth.Client
	if f.seeds != nil {
		out = f.seeds.Clients()
	}
	for i := range out {
		if len(out[i].Scopes) == 0 {
			out[i].Scopes = scopes
		}
	}
	if len(out) > 0 && f.client == mockserver.DefaultClientID && f.secret == "" {
		return out
	}
	own := oauth.Client{ID: f.client, Secret: cmp.Or(f.keptSecret, rand.Text()), Scopes: scopes}
	if i := slices.IndexFunc(out, func(c oauth.Client) bool { return c.ID == f.client }); i >= 0 {
		own = out[i]
		out = slices.Delete(out, i, i+1)
	}
	own.Secret = cmp.Or(f.secret, own.Secret)
	return slices.Insert(out, 0, own)
}

// accounts is the same for users.
func (f *Flags) accounts() []oauth.Account {
	var out []oauth.Account
	if f.seeds != nil {
		out = f.seeds.Accounts()
	}
	if len(out) > 0 && f.login == mockserver.DefaultLogin && f.password == "" {
		return out
	}
	own := oauth.Account{Login: f.login, Password: cmp.Or(f.keptPassword, rand.Text())}
	if i := slices.IndexFunc(out, func(a oauth.Account) bool { return a.Login == f.login }); i >= 0 {
		own = out[i]
		out = slices.Delete(out, i, i+1)
	}
	own.Password = cmp.Or(f.password, own.Password)
	return slices.Insert(out, 0, own)
}
