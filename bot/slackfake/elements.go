package slackfake

import (
	"strconv"
	"strings"
)

// Elements that the surfaces take. https://docs.slack.dev/reference/block-kit/block-elements
const (
	selects     = "static_select external_select users_select conversations_select channels_select"
	multi       = "multi_static_select multi_external_select multi_users_select multi_conversations_select multi_channels_select"
	pickers     = "datepicker timepicker datetimepicker"
	interactive = "button workflow_button overflow checkboxes radio_buttons rich_text_input plain_text_input " + selects + " " + pickers
	accessories = "image button workflow_button overflow checkboxes radio_buttons " + selects + " " + multi + " " + pickers
	inputs      = "plain_text_input email_text_input url_text_input number_input rich_text_input file_input checkboxes radio_buttons " + selects + " " + multi + " " + pickers
)

// common are properties that all interactive elements have.
const common = "type action_id confirm focus_on_load accessibility_label"

// properties of each element beyond the common ones.
var properties = map[string]string{
	"button":                     "text url value style",
	"workflow_button":            "text workflow style",
	"icon_button":                "icon text value visible_to_user_ids",
	"feedback_buttons":           "positive_button negative_button",
	"overflow":                   "options",
	"checkboxes":                 "options initial_options",
	"radio_buttons":              "options initial_option",
	"static_select":              "placeholder options option_groups initial_option",
	"external_select":            "placeholder initial_option min_query_length",
	"users_select":               "placeholder initial_user",
	"conversations_select":       "placeholder initial_conversation default_to_current_conversation response_url_enabled filter",
	"channels_select":            "placeholder initial_channel response_url_enabled",
	"multi_static_select":        "placeholder options option_groups initial_options max_selected_items",
	"multi_external_select":      "placeholder initial_options min_query_length max_selected_items",
	"multi_users_select":         "placeholder initial_users max_selected_items",
	"multi_conversations_select": "placeholder initial_conversations default_to_current_conversation max_selected_items filter",
	"multi_channels_select":      "placeholder initial_channels max_selected_items",
	"datepicker":                 "placeholder initial_date",
	"timepicker":                 "placeholder initial_time timezone",
	"datetimepicker":             "initial_date_time",
	"plain_text_input":           "placeholder initial_value multiline min_length max_length dispatch_action_config",
	"email_text_input":           "placeholder initial_value dispatch_action_config",
	"url_text_input":             "placeholder initial_value dispatch_action_config",
	"number_input":               "placeholder initial_value is_decimal_allowed min_value max_value dispatch_action_config",
	"rich_text_input":            "placeholder initial_value dispatch_action_config",
	"file_input":                 "filetypes max_files",
}

func oneOf(word, words string) bool { return strings.Contains(" "+words+" ", " "+word+" ") }

// element checks an element; seen holds the action_ids of its block.
func (k *checker) element(e Block, at string, seen map[string]bool, allowed string) {
	kind := str(e["type"])
	if !oneOf(kind, allowed) {
		k.add(at+"/type", "unsupported type: %s", kind)
		return
	}
	if kind == "image" {
		k.only(e, at, "type", "image_url", "slack_file", "alt_text")
		k.imageElement(e, at)
		return
	}
	if kind == "file_input" && !k.view {
		k.add(at+"/type", "unsupported type: file_input")
	}
	k.only(e, at, strings.Fields(common+" "+properties[kind])...)
	k.max(e, "action_id", at, MaxID)
	k.max(e, "accessibility_label", at, MaxAccessLabel)
	if id := str(e["action_id"]); id != "" {
		if seen[id] {
			k.add(at+"/action_id", "`action_id` %q already exists", id)
		}
		seen[id] = true
	}
	if c := object(e["confirm"]); c != nil {
		k.confirm(c, at+"/confirm")
	}
	k.plain(e, "placeholder", at, MaxPlaceholder, false)
	switch kind {
	case "button":
		k.button(e, at)
	case "workflow_button":
		k.plain(e, "text", at, MaxButtonText, true)
	case "feedback_buttons":
		for _, name := range []string{"positive_button", "negative_button"} {
			b := object(e[name])
			if b == nil {
				k.add(at, "missing required field: %s", name)
				continue
			}
			k.only(b, at+"/"+name, "text", "value", "accessibility_label")
			k.plain(b, "text", at+"/"+name, MaxButtonText, true)
			k.max(b, "value", at+"/"+name, MaxButtonValue)
			k.max(b, "accessibility_label", at+"/"+name, MaxAccessLabel)
		}
	case "icon_button":
		if e["icon"] == nil {
			k.add(at, "missing required field: icon")
		}
		k.plain(e, "text", at, MaxButtonText, true)
		k.max(e, "value", at, MaxButtonValue)
	case "overflow":
		k.options(e, at, MinOverflow, MaxOverflow, true)
	case "checkboxes", "radio_buttons":
		k.options(e, at, 1, MaxChoices, false)
	case "static_select", "multi_static_select":
		k.menu(e, at)
	}
}

func (k *checker) button(e Block, at string) {
	k.plain(e, "text", at, MaxButtonText, true)
	k.max(e, "value", at, MaxButtonValue)
	k.max(e, "url", at, MaxURL)
	if style := str(e["style"]); style != "" && style != "primary" && style != "danger" {
		k.add(at+"/style", "must be one of: primary, danger")
	}
}

// menu checks options or option_groups, of which there has to be one.
func (k *checker) menu(e Block, at string) {
	if e["option_groups"] == nil {
		k.options(e, at, 1, MaxOptions, true)
		return
	}
	if e["options"] != nil {
		k.add(at, "must not have both `options` and `option_groups`")
	}
	for i, g := range k.items(e, "option_groups", at, 1, MaxOptionGroups, true) {
		if g != nil {
			here := at + "/option_groups/" + strconv.Itoa(i)
			k.plain(g, "label", here, MaxOptionText, true)
			k.options(g, here, 1, MaxOptions, true)
		}
	}
}

// options: https://docs.slack.dev/reference/block-kit/composition-objects/option-object. Texts of menus are plain.
func (k *checker) options(e Block, at string, least, most int, plain bool) {
	for i, o := range k.items(e, "options", at, least, most, true) {
		here := at + "/options/" + strconv.Itoa(i)
		if o == nil {
			continue
		}
		k.only(o, here, "text", "value", "description", "url")
		if o["text"] == nil {
			k.add(here, "missing required field: text")
		} else {
			k.textObject(o["text"], here+"/text", MaxOptionText, plain)
		}
		k.max(o, "value", here, MaxOptionValue)
		k.max(o, "url", here, MaxURL)
		if o["description"] != nil {
			k.textObject(o["description"], here+"/description", MaxOptionText, plain)
		}
	}
}

// confirm: https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
func (k *checker) confirm(c Block, at string) {
	k.only(c, at, "title", "text", "confirm", "deny", "style")
	k.plain(c, "title", at, MaxConfirmTitle, true)
	k.plain(c, "confirm", at, MaxConfirmLabel, true)
	k.plain(c, "deny", at, MaxConfirmLabel, true)
	if c["text"] == nil {
		k.add(at, "missing required field: text")
		return
	}
	k.textObject(c["text"], at+"/text", MaxConfirmText, false)
}
