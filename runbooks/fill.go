package runbooks

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// TimeLayout is how every sentence writes a time. Drawing for Slack finds it again and shows the reader's own zone.
const TimeLayout = "2006-01-02 15:04 MST"

var placeholder = regexp.MustCompile(`\{([a-z_.]+)\}`)

// notKnown stands in a sentence where a value was not read.
const notKnown = "(not known)"

// fill puts the scene's values into the {names} of a sentence. What is not known is written as such, never left out.
func (s scene) fill(sentence string) string {
	return placeholder.ReplaceAllStringFunc(sentence, func(m string) string {
		name := m[1 : len(m)-1]
		value, ok := s.known[name]
		if mail, _ := s.known["user.mail"].(string); name == "user.upn" && mail != "" && strings.Contains(Show(value), "#EXT#") {
			return mail // what a guest signs in with; their name here is made from it
		}
		if !ok || (value == "" && name == "user.upn") {
			switch name {
			case "user.upn", "user.display_name", "subject.user":
				// The person is known by the name that was asked for even while the account was not read.
				if who, _ := s.known["subject.user"].(string); who != "" {
					return who
				}
				return "the person"
			}
			if !ok {
				return notKnown
			}
		}
		return Show(value)
	})
}

// words are the abbreviations in the ids of causes, as a reader wants them.
var words = map[string]string{
	"mfa": "MFA", "idp": "identity provider", "ca": "Conditional Access", "upn": "sign-in name", "sso": "single sign-on", "tap": "Temporary Access Pass",
	"pta": "pass-through authentication", "ropc": "password grant", "saml": "SAML", "wsfed": "WS-Federation", "uri": "address", "url": "address", "id": "id",
	"ip": "IP address", "ad": "Active Directory", "api": "API", "spa": "SPA", "sspr": "self-service reset", "otp": "one-time passcode", "oauth": "OAuth",
	"adfs": "AD FS", "cli": "command line", "pkce": "PKCE", "sp": "service principal", "b2b": "guest access",
}

// spoken makes words of a cause's id: "no-second-factor" becomes "No second factor".
func spoken(id string) string {
	parts := strings.Split(id, "-")
	for i, w := range parts {
		if long, ok := words[w]; ok {
			parts[i] = long
		}
	}
	s := strings.Join(parts, " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Show writes a fact's value for a person: yes and no, times in UTC, lists with commas and at most five entries.
func Show(value any) string {
	switch v := value.(type) {
	case nil:
		return notKnown
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		if v == "" {
			return "none"
		}
		return v
	case int:
		return strconv.Itoa(v)
	case time.Time:
		return v.UTC().Format(TimeLayout)
	case fmt.Stringer:
		return v.String()
	}
	rv := reflect.ValueOf(value)
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return notKnown
		}
		return Show(rv.Elem().Interface())
	case reflect.Slice:
		return showList(rv)
	}
	return fmt.Sprint(value)
}

func showList(list reflect.Value) string {
	const most = 5
	if list.Len() == 0 {
		return "none"
	}
	if list.Type().Elem().Kind() == reflect.Struct {
		return strconv.Itoa(list.Len())
	}
	var parts []string
	for i := range min(list.Len(), most) {
		parts = append(parts, Show(list.Index(i).Interface()))
	}
	if more := list.Len() - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}
