package runbooks

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"signpost/graph/facts"
	"signpost/runbooks/aadsts"
)

// variable is one name that a runbook may use: in `when` as a CEL variable, in sentences as {name}.
type variable struct {
	name   string
	fact   facts.Name // "" for error.*, subject.* and now
	label  string
	always bool // known whenever the fact carries a value
	field  int  // of the fact's struct; -1 for .found
	typ    *cel.Type
}

// The names beside the facts: the error of the paste, who it is about, and the time.
var paste = []variable{
	{name: "error.code", label: "Code", typ: cel.IntType},
	{name: "error.codes", label: "Codes in the message", typ: cel.ListType(cel.IntType)},
	{name: "error.time", label: "Time of the error", typ: cel.TimestampType},
	{name: "error.app_id", label: "App id in the message", typ: cel.StringType},
	{name: "error.app_name", label: "App in the message", typ: cel.StringType},
	{name: "error.user", label: "Person in the message", typ: cel.StringType},
	{name: "error.tenant", label: "Tenant in the message", typ: cel.StringType},
	{name: "error.oauth_error", label: "OAuth error", typ: cel.StringType},
	{name: "error.suberror", label: "OAuth suberror", typ: cel.StringType},
	{name: "error.policy_ids", label: "Policies in the message", typ: cel.ListType(cel.StringType)},
	{name: "error.resource", label: "Resource in the message", typ: cel.StringType},
	{name: "error.identity_provider", label: "Identity provider in the message", typ: cel.StringType},
	{name: "error.redirect_uri", label: "Redirect URI in the message", typ: cel.StringType},
	{name: "subject.user", label: "Person", typ: cel.StringType},
	{name: "subject.domain", label: "Domain", typ: cel.StringType},
	{name: "subject.from", label: "Named by", typ: cel.StringType},
	{name: "now", label: "Now", typ: cel.TimestampType},
}

// vocabulary is every variable by name, and the CEL environment that declares them.
type vocabulary struct {
	byName map[string]variable
	types  map[facts.Name]reflect.Type
	env    *cel.Env
}

// newVocabulary declares a CEL variable for each field of each fact. A field is a variable of its own ("mfa.registered"),
// not a field of an object, so that each can be unknown by itself and a misspelt one fails when the book is compiled.
func newVocabulary() (*vocabulary, error) {
	v := &vocabulary{byName: map[string]variable{}, types: map[facts.Name]reflect.Type{}}
	var structs []any
	add := func(x variable) { v.byName[x.name] = x }
	for _, p := range paste {
		p.field = -1
		add(p)
	}
	for _, e := range (facts.Report{}).Entries() {
		v.types[e.Name] = e.Type
		add(variable{name: string(e.Name) + ".found", fact: e.Name, label: e.Name.Title() + " found", field: -1, typ: cel.BoolType})
		for i := range e.Type.NumField() {
			f := e.Type.Field(i)
			if f.Tag.Get("json") == "-" { // only for working out other fields
				continue
			}
			typ, elem, err := celType(f.Type)
			if err != nil {
				return nil, fmt.Errorf("fact %s, field %s: %w", e.Name, f.Name, err)
			}
			if elem != nil {
				structs = append(structs, elem)
			}
			add(variable{
				name: string(e.Name) + "." + jsonName(f), fact: e.Name, label: f.Tag.Get("label"),
				always: f.Tag.Get("known") == "always", field: i, typ: typ,
			})
		}
	}
	opts := []cel.EnvOption{
		ext.Strings(),
		ext.NativeTypes(append(structs, ext.ParseStructTag("json"))...),
	}
	for _, name := range sortedKeys(v.byName) {
		opts = append(opts, cel.Variable(name, v.byName[name].typ))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("declare the facts in CEL: %w", err)
	}
	v.env = env
	return v, nil
}

// celType maps the type of a fact's field to CEL; elem is the struct type of a list's elements, to be registered.
func celType(t reflect.Type) (typ *cel.Type, elem any, err error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return cel.TimestampType, nil, nil
	case t.Kind() == reflect.String:
		return cel.StringType, nil, nil
	case t.Kind() == reflect.Bool:
		return cel.BoolType, nil, nil
	case t.Kind() == reflect.Int:
		return cel.IntType, nil, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return cel.ListType(cel.StringType), nil, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Int:
		return cel.ListType(cel.IntType), nil, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return cel.ListType(cel.ObjectType(t.Elem().String())), t.Elem(), nil
	}
	return nil, nil, fmt.Errorf("type %s has no place in CEL", t)
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// scene is what is known at the moment of a diagnosis: the value of every variable that has one, and for every other
// variable why it has none.
type scene struct {
	known   map[string]any
	unknown map[string]Unknown
	readAt  map[facts.Name]time.Time
}

// newScene fills the variables. A fact that was not seen is unknown in every field; an absent one is known to be
// absent (found is false) and unknown in all else, unless its absence is the whole answer (facts.Name.EmptyWhenAbsent); a nil pointer or list of a seen fact is unknown, because Graph did not tell it.
func (v *vocabulary) newScene(lead *aadsts.Error, all []aadsts.Error, r facts.Report, now time.Time) scene {
	s := scene{known: map[string]any{}, unknown: map[string]Unknown{}, readAt: map[facts.Name]time.Time{}}
	s.message(lead, all, r.Subject, now)
	entries := map[facts.Name]facts.Entry{}
	for _, e := range r.Entries() {
		entries[e.Name] = e
		s.readAt[e.Name] = e.ReadAt
	}
	for name, x := range v.byName {
		if x.fact == "" {
			continue
		}
		e := entries[x.fact]
		why := Unknown{Fact: string(x.fact), State: e.State, Reason: e.Reason}
		switch {
		case x.field < 0 && (e.State == facts.Seen || e.State == facts.Absent):
			s.known[name] = e.State == facts.Seen
		case x.field >= 0 && e.State == facts.Absent && x.fact.EmptyWhenAbsent():
			f := reflect.Zero(v.types[x.fact]).Field(x.field)
			switch f.Kind() {
			case reflect.Pointer: // there is no such moment or number
				s.unknown[name] = why
			case reflect.Slice:
				s.known[name] = reflect.MakeSlice(f.Type(), 0, 0).Interface()
			default:
				s.known[name] = f.Interface()
			}
		case x.field >= 0 && e.Value != nil && e.State == facts.Seen, x.always && (e.Value != nil || e.State == facts.Absent):
			f := reflect.Zero(v.types[x.fact]).Field(x.field)
			if e.Value != nil {
				f = reflect.ValueOf(e.Value).Elem().Field(x.field)
			}
			if f.Kind() == reflect.Pointer || f.Kind() == reflect.Slice {
				if f.IsNil() {
					why.Reason = "Graph did not tell: " + strings.ToLower(x.label)
					s.unknown[name] = why
					continue
				}
			}
			if f.Kind() == reflect.Pointer {
				f = f.Elem()
			}
			s.known[name] = f.Interface()
		default:
			s.unknown[name] = why
		}
	}
	return s
}

func (s scene) message(lead *aadsts.Error, all []aadsts.Error, who facts.Subject, now time.Time) {
	var e aadsts.Error
	if lead != nil {
		e = *lead
	}
	codes := []int{}
	for _, x := range all {
		codes = append(codes, x.Code)
	}
	policies := e.PolicyIDs
	if policies == nil {
		policies = []string{}
	}
	for name, value := range map[string]any{
		"error.code": e.Code, "error.codes": codes, "error.app_id": e.AppID, "error.app_name": e.AppName, "error.user": e.User,
		"error.tenant": e.Tenant, "error.oauth_error": e.OAuthError, "error.suberror": e.Suberror, "error.policy_ids": policies,
		"error.resource": e.Resource, "error.identity_provider": e.IdentityProvider, "error.redirect_uri": e.RedirectURI,
		"subject.user": who.User, "subject.domain": who.Domain, "subject.from": string(who.From), "now": now,
	} {
		if value == "" { // the message did not tell, which says nothing either way
			s.untold(name)
			continue
		}
		s.known[name] = value
	}
	if e.Timestamp.IsZero() {
		s.untold("error.time")
	} else {
		s.known["error.time"] = e.Timestamp
	}
}

func (s scene) untold(name string) {
	for _, p := range paste {
		if p.name == name {
			s.unknown[name] = Unknown{Fact: "error", State: facts.NotAsked, Reason: "not in the message: " + strings.ToLower(p.label)}
		}
	}
}

// activation hands the scene to CEL: known values, and a pattern for each unknown.
func (s scene) activation() (cel.PartialActivation, error) {
	patterns := make([]*cel.AttributePatternType, 0, len(s.unknown))
	for _, name := range sortedKeys(s.unknown) {
		patterns = append(patterns, cel.AttributePattern(name))
	}
	return cel.PartialVars(s.known, patterns...)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
