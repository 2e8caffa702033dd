package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/graph/facts"
	"signpost/graph/tenantfake"
)

const (
	laptop   = "dddddddd-0000-4000-8000-0000000000d1"
	laptopID = "dddddddd-0000-4000-8000-0000000000d9" // its object id
)

// deviceState is a tenant with one device, and one sign-in that presented a device id.
func deviceState(presented string, device tenantfake.Object) tenantfake.State {
	o := tenantfake.Object{"id": laptopID, "deviceId": laptop, "displayName": "LT-1", "accountEnabled": true}
	for k, v := range device {
		o[k] = v
	}
	row := signIn(request, now.Add(-time.Hour), 53000, tenantfake.Object{"deviceDetail": tenantfake.Object{"deviceId": presented}})
	return tenantfake.State{SignIns: []tenantfake.Object{row}, Other: map[string][]tenantfake.Object{"devices": {o}}}
}

func askDevice() facts.Query {
	return facts.Query{Ask: []facts.Name{facts.NameDevice}, Code: 53000, CorrelationID: correlation, Time: now.Add(-time.Hour)}
}

func TestTheDeviceOfTheSignIn(t *testing.T) {
	days := func(n int) string { return now.AddDate(0, 0, -n).Format(time.RFC3339) }
	whole := tenantfake.Object{
		"operatingSystem": "Windows", "operatingSystemVersion": "10.0", "trustType": "ServerAd", "isCompliant": false, "isManaged": true, "managementType": "MDM",
		"approximateLastSignInDateTime": days(3), "registrationDateTime": days(300),
	}
	known := facts.Device{ID: laptop, ObjectID: laptopID, Name: "LT-1", Enabled: ptr(true)}
	seen := func(change func(*facts.Device)) facts.Device { d := known; change(&d); return d }
	for name, c := range map[string]struct {
		presented string
		device    tenantfake.Object
		state     facts.State
		want      facts.Device
	}{
		"everything is told": {laptop, whole, facts.Seen, facts.Device{
			ID: laptop, ObjectID: laptopID, Name: "LT-1", Enabled: ptr(true), OS: "Windows 10.0", Trust: "ServerAd", Compliant: ptr(false), Managed: ptr(true),
			Management: "MDM", LastSeen: ptr(now.AddDate(0, 0, -3)), Registered: ptr(now.AddDate(0, 0, -300)),
		}},
		"in capitals":              {strings.ToUpper(laptop), nil, facts.Seen, known},
		"what Graph leaves out":    {laptop, tenantfake.Object{"isCompliant": nil}, facts.Seen, known},
		"90 days are stale":        {laptop, tenantfake.Object{"approximateLastSignInDateTime": days(90)}, facts.Seen, seen(func(d *facts.Device) { d.LastSeen, d.Stale = ptr(now.AddDate(0, 0, -90)), true })},
		"89 days are not":          {laptop, tenantfake.Object{"approximateLastSignInDateTime": days(89)}, facts.Seen, seen(func(d *facts.Device) { d.LastSeen = ptr(now.AddDate(0, 0, -89)) })},
		"one that is not there":    {"eeeeeeee-0000-4000-8000-000000000001", nil, facts.Absent, facts.Device{}},
		"none presented":           {"", nil, facts.NotAsked, facts.Device{}},
		"something that is no id":  {"PC-1", nil, facts.NotAsked, facts.Device{}},
		"an answer without its id": {laptop, tenantfake.Object{"id": ""}, facts.Failed, facts.Device{}},
		"a time that is no time":   {laptop, tenantfake.Object{"registrationDateTime": "never"}, facts.Failed, facts.Device{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, deviceState(c.presented, c.device))
			f := connect(t, s).Collect(t.Context(), askDevice()).Device
			if f.State != c.state || f.State != facts.Seen && f.Reason == "" {
				t.Fatalf("%s %q", f.State, f.Reason)
			}
			if f.State == facts.Seen {
				if diff := cmp.Diff(c.want, *f.Value); diff != "" {
					t.Error(diff)
				}
			}
			for _, r := range s.Requests() {
				if strings.Contains(r.Path, "/devices") && !strings.Contains(r.Path, "/v1.0/devices(deviceId='"+strings.ToLower(c.presented)+"')") && !strings.Contains(r.Path, "%27"+strings.ToLower(c.presented)+"%27") {
					t.Errorf("asked for %s", r.Path)
				}
			}
		})
	}
}

func TestWithoutTheRowNobodyKnowsTheDevice(t *testing.T) {
	s := serve(t, deviceState(laptop, nil)).Without("AuditLog.Read.All")
	f := connect(t, s).Collect(t.Context(), askDevice()).Device
	if f.State != facts.NotPermitted || !strings.Contains(f.Reason, "AuditLog.Read.All") || s.Count("/devices") != 0 {
		t.Errorf("%s %q", f.State, f.Reason)
	}
}
