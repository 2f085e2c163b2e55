package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

var notOfAJWT = regexp.MustCompile(`^(?i:bearer) |[^A-Za-z0-9_.-]`)

// identity is the user of the connection, and the tokens that prove it. Centrifugo verifies tokens; the client only
// reads them.
type identity struct {
	user     string
	getToken func(context.Context) (string, error)

	mu sync.Mutex
	// The first token; without one, the client calls the token function.
	token string
}

// next returns the token for the next attempt to connect.
func (i *identity) next(ctx context.Context) (string, error) {
	i.mu.Lock()
	token := i.token
	if i.getToken != nil {
		i.token = ""
	}
	i.mu.Unlock()
	if token != "" || i.getToken == nil {
		return token, nil
	}
	return i.renew(ctx)
}

func (i *identity) renews() bool { return i.getToken != nil }

// renew requests a token. A [*ConnectionError] means that a retry does not help.
func (i *identity) renew(ctx context.Context) (string, error) {
	token, err := i.ask(ctx)
	switch {
	case errors.Is(err, ErrTokenRefused):
		return "", &ConnectionError{Message: "the token function gives no token", Setup: true, Err: err}
	case err != nil:
		return "", fmt.Errorf("the token function failed: %w", err)
	case token == "":
		return "", errors.New("the token function gave an empty token")
	}
	if err := checkToken(token, i.user); err != nil {
		return "", err
	}
	return token, nil
}

// ask calls the token function, and waits no longer than ctx for it: a function that ignores ctx must not keep a client
// from closing.
func (i *identity) ask(ctx context.Context) (string, error) {
	type answer struct {
		token string
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		token, err := i.getToken(ctx)
		answers <- answer{token, err}
	}()
	select {
	case answer := <-answers:
		return answer.token, answer.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// checkUser refuses users that cannot own a reply channel.
func checkUser(user string) error {
	for _, c := range []byte(user) {
		if c < ' ' || c > '~' || c == ',' || c == '#' {
			shown := user[:min(len(user), 64)]
			return &ConnectionError{Setup: true, Message: fmt.Sprintf("the user ID %q cannot own a reply channel: Centrifugo's "+
				"user-limited channels allow no comma, no #, no control and no non-ASCII characters in it; use another ID for this "+
				"user as the token's sub", shown)}
		}
	}
	return nil
}

// checkToken refuses a token that Centrifugo would refuse without a reason, and a readable one of another user: such a
// token cannot subscribe to the reply channel.
func checkToken(token, user string) error {
	// Centrifugo ignores line feeds at the end.
	if strange := notOfAJWT.FindString(strings.TrimRight(token, "\r\n")); strange != "" {
		return &ConnectionError{Setup: true, Message: fmt.Sprintf("the token contains %q, which no JWT contains: give the JWT alone", strange)}
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims struct {
		Exp, Nbf, Iat, Sub json.RawMessage
	}
	if json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	for _, time := range []struct {
		name  string
		claim json.RawMessage
	}{{"exp", claims.Exp}, {"nbf", claims.Nbf}, {"iat", claims.Iat}} {
		// Centrifugo reads a number also from text.
		var number json.Number
		if time.claim != nil && json.Unmarshal(time.claim, &number) != nil {
			return &ConnectionError{Setup: true, Message: fmt.Sprintf("the token's %s is %.64s, which is not a number: sign tokens whose %s "+
				"is in seconds since 1970", time.name, time.claim, time.name)}
		}
	}
	var subject string
	if claims.Sub != nil && json.Unmarshal(claims.Sub, &subject) != nil {
		return &ConnectionError{Setup: true, Message: fmt.Sprintf("the token's sub is %.64s, which is not a string: sign tokens whose sub "+
			"is the user ID as text, like \"42\"", claims.Sub)}
	}
	if subject == user {
		return nil
	}
	return &ConnectionError{Setup: true, Message: fmt.Sprintf("the token is for the user %q, but the client is for %q: a client "+
		"belongs to one user, make another one", subject, user)}
}
