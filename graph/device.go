package graph

import (
	"context"
	"strings"
	"time"

	"signpost/graph/facts"
)

// staleAfter is how long a device has not been seen once it counts as left behind.
// https://learn.microsoft.com/entra/identity/devices/manage-stale-devices
const staleAfter = 90 * 24 * time.Hour

// device reads the device that a sign-in presented. The log names it by its device id, which is not its object id.
//
// https://learn.microsoft.com/graph/api/device-get
func (t *Tenant) device(ctx context.Context, id string) facts.Fact[facts.Device] {
	if !guidText.MatchString(id) {
		return facts.Unread[facts.Device](facts.NotAsked, "the sign-in presented no device id that could be looked up")
	}
	id = strings.ToLower(id)
	return cached(ctx, t, t.caches.devices, id, keepDevices, func(ctx context.Context) facts.Fact[facts.Device] {
		d, err := decode[deviceRow](t.get(ctx, t.v1, template("/devices(deviceId='{id}')", map[string]string{"id": id}, map[string]string{"select": deviceFields}), nil))
		if notFound(err) {
			return facts.None[facts.Device](t.clock.Now(), "the directory does not know this device: it was never registered here, or was removed")
		}
		if err == nil && (d.ID == "" || !strings.EqualFold(d.DeviceID, id)) {
			err = errOther
		}
		if err != nil {
			return failed[facts.Device](err, endpoints().device)
		}
		now := t.clock.Now()
		return facts.See(now, facts.Device{
			ID: strings.ToLower(d.DeviceID), ObjectID: d.ID, Name: d.Name, Enabled: d.Enabled, OS: strings.TrimSpace(d.OS + " " + d.Version), Trust: d.Trust,
			Compliant: d.Compliant, Managed: d.Managed, Management: d.Management, LastSeen: utc(d.LastSeen), Registered: utc(d.Registered),
			Stale: d.LastSeen != nil && now.Sub(*d.LastSeen) >= staleAfter,
		})
	})
}

const deviceFields = "id,deviceId,displayName,accountEnabled,operatingSystem,operatingSystemVersion,trustType,isCompliant,isManaged,managementType,approximateLastSignInDateTime,registrationDateTime"

// deviceRow is Graph's device, as far as it is used. https://learn.microsoft.com/graph/api/resources/device
type deviceRow struct {
	ID         string     `json:"id"`
	DeviceID   string     `json:"deviceId"`
	Name       string     `json:"displayName"`
	Enabled    *bool      `json:"accountEnabled"`
	OS         string     `json:"operatingSystem"`
	Version    string     `json:"operatingSystemVersion"`
	Trust      string     `json:"trustType"`
	Compliant  *bool      `json:"isCompliant"`
	Managed    *bool      `json:"isManaged"`
	Management string     `json:"managementType"`
	LastSeen   *time.Time `json:"approximateLastSignInDateTime"`
	Registered *time.Time `json:"registrationDateTime"`
}
