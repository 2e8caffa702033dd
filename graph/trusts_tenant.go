package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/graph/facts"
)

// auditDays is how far back the directory audit is read: as long as a tenant with a premium licence keeps it.
const auditDays = 30

// trustActivities are the entries of the directory audit that are about domains: the first two are about trusts.
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
func trustActivities() []string {
	return []string{"Set federation settings on domain", "Set domain authentication", "Add verified domain", "Add unverified domain", "Verify domain"}
}

// trustChanges reads what was done to the domains in the last 30 days, at once for all. That Graph takes several activities in
// one filter is not documented: where it does not, the two that change a trust are asked for one after the other.
//
// https://learn.microsoft.com/graph/api/directoryaudit-list
func (t *Tenant) trustChanges(ctx context.Context, now time.Time) facts.Fact[[]facts.Change] {
	window := "activityDateTime ge " + now.AddDate(0, 0, -auditDays).Truncate(time.Second).Format(time.RFC3339)
	var any []string
	for _, name := range trustActivities() {
		any = append(any, "activityDisplayName eq "+quote(name))
	}
	rows, capped, err := t.auditAll(ctx, window+" and ("+strings.Join(any, " or ")+")")
	if badRequest(err) {
		rows, capped, err = nil, false, nil
		for _, one := range any[:2] {
			more, cut, refused := t.auditAll(ctx, window+" and "+one)
			if err = refused; err != nil {
				break
			}
			rows, capped = append(rows, more...), capped || cut
		}
	}
	if err != nil {
		return failed[[]facts.Change](err, endpoints().changes)
	}
	all := []facts.Change{}
	for _, a := range rows {
		if !a.Time.IsZero() && !a.failed() && slices.ContainsFunc(trustActivities(), func(n string) bool { return facts.SameActivity(n, a.Activity) }) {
			all = append(all, a.change())
		}
	}
	slices.SortStableFunc(all, func(a, b facts.Change) int { return b.Time.Compare(a.Time) })
	f := facts.See(t.clock.Now(), all)
	if capped {
		f.Reason = "the directory audit holds more entries than were read"
	}
	return f
}

// auditAll reads the entries that fit a filter, newest first.
func (t *Tenant) auditAll(ctx context.Context, filter string) ([]auditRow, bool, error) {
	list, err := decode[page[auditRow]](t.get(ctx, t.v1, template("/auditLogs/directoryAudits", nil, map[string]string{"filter": filter, "top": "999"}), nil))
	if err == nil && (list.Value == nil || slices.ContainsFunc(list.Value, func(a auditRow) bool { return a.ID == "" })) {
		err = errOther
	}
	if err != nil {
		return nil, false, err
	}
	return rest(ctx, t, t.v1, list, nil, 10)
}

// How old the last synchronisation may be. Entra Connect runs every 30 minutes, and Microsoft mails after a day without one.
// https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler
const (
	syncLate = 3 * time.Hour
	syncLost = 24 * time.Hour
)

// tenant are the findings that belong to no domain: the synchronisation. The agents of pass-through authentication are not among
// them: Graph gives them to signed-in administrators alone, to no application.
// https://learn.microsoft.com/graph/api/onpremisesagent-get
func (s *scan) tenant(ctx context.Context) []facts.Finding {
	o := s.t.organization(ctx)
	saw := func(says string) []facts.FindingReason {
		return []facts.FindingReason{{Says: says, Fact: facts.NameOrganization, Source: facts.NameOrganization.Source(), Time: o.ReadAt}}
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case !o.OK(): // a trust is whole without it, so this is no more than worth knowing while nobody knows that there is a synchronisation
		return []facts.Finding{{ID: "sync-unreadable", Severity: facts.Note, By: "identity-admin", Says: "When Entra Connect last synchronised could not be read: " + o.Reason,
			Next: "Run signpost doctor: it names the permission that is missing", Evidence: saw(o.Reason)}}
	case o.Value.Synced == nil || !*o.Value.Synced:
		return nil
	case o.Value.LastSync == nil: // it synchronises, and whether that still works is not known
		const says = "The tenant is synchronised, but Graph does not tell when that was last."
		return []facts.Finding{{ID: "sync-unreadable", Severity: facts.Unknown, By: "identity-admin", Role: "Hybrid Identity Administrator", Says: says,
			Next: "On the Entra Connect server: Get-ADSyncScheduler; for cloud sync, look at the agents in Entra", Evidence: saw("onPremisesSyncEnabled is true, onPremisesLastSyncDateTime is not there")}}
	}
	age := s.now.Sub(*o.Value.LastSync)
	f := facts.Finding{ID: "sync-late", Severity: facts.Note, By: "identity-admin", Role: "Hybrid Identity Administrator",
		Says:      fmt.Sprintf("Entra Connect last synchronised %s ago.", hours(age)),
		Otherwise: "New people and changed names do not reach Entra, and whoever was disabled on-premises still signs in.",
		Next:      "On the Entra Connect server: Get-ADSyncScheduler, then Start-ADSyncSyncCycle -PolicyType Delta; for cloud sync, look at the agents in Entra",
		Evidence:  saw("onPremisesLastSyncDateTime is " + o.Value.LastSync.Format("2006-01-02 15:04") + " UTC")}
	switch {
	case age < syncLate:
		return nil
	case age >= syncLost:
		f.Severity = facts.Warning
	}
	return []facts.Finding{f}
}

func hours(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}
