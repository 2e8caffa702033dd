package slackfake

import (
	"encoding/json"
	"fmt"
	"strings"
)

// action builds the entry of actions[] for an element.
func (s *Server) action(blocks []Block, actionID string, choice Choice) (Block, error) {
	for _, block := range blocks {
		if choice.Block != "" && str(block["block_id"]) != choice.Block {
			continue
		}
		for _, e := range elementsOf(block) {
			if str(e["action_id"]) != actionID {
				continue
			}
			out := Block{"type": e["type"], "action_id": actionID, "block_id": block["block_id"], "action_ts": s.ts()}
			for k, v := range enter(e, choice) {
				out[k] = v
			}
			if e["text"] != nil {
				out["text"] = e["text"]
			}
			if out["err"] != nil {
				return nil, fmt.Errorf("it has no option %q", out["err"])
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("there is no such element; there are %s", strings.Join(actionIDs(blocks), ", "))
}

// enter gives the properties that hold what the person entered; "err" names an option that is not there.
func enter(e Block, choice Choice) Block {
	switch kind := str(e["type"]); {
	case kind == "button" || kind == "icon_button" || kind == "workflow_button":
		out := Block{}
		for _, k := range []string{"value", "style"} {
			if e[k] != nil {
				out[k] = e[k]
			}
		}
		return out
	case kind == "feedback_buttons":
		for _, k := range []string{"positive_button", "negative_button"} {
			if b := object(e[k]); str(b["value"]) == choice.Value {
				return Block{"text": b["text"], "value": b["value"]}
			}
		}
		return Block{"err": choice.Value}
	case kind == "plain_text_input" || kind == "email_text_input" || kind == "url_text_input" || kind == "number_input":
		if choice.Value == "" {
			return Block{"value": nil}
		}
		return Block{"value": choice.Value}
	case kind == "datepicker":
		return Block{"selected_date": optional(choice.Value)}
	case kind == "timepicker":
		return Block{"selected_time": optional(choice.Value)}
	case kind == "datetimepicker": // Unix seconds
		if choice.Value == "" {
			return Block{"selected_date_time": nil}
		}
		return Block{"selected_date_time": json.Number(choice.Value)}
	case kind == "users_select":
		return Block{"selected_user": optional(choice.Value)}
	case kind == "conversations_select":
		return Block{"selected_conversation": optional(choice.Value)}
	case kind == "channels_select":
		return Block{"selected_channel": optional(choice.Value)}
	case kind == "multi_users_select":
		return Block{"selected_users": choice.Values}
	case kind == "multi_conversations_select":
		return Block{"selected_conversations": choice.Values}
	case kind == "checkboxes" || strings.HasPrefix(kind, "multi_"):
		chosen := []any{}
		for _, v := range choice.Values {
			o := option(e, v)
			if o == nil {
				return Block{"err": v}
			}
			chosen = append(chosen, o)
		}
		return Block{"selected_options": chosen}
	default: // static_select, overflow, radio_buttons
		if choice.Value == "" {
			return Block{"selected_option": nil}
		}
		o := option(e, choice.Value)
		if o == nil {
			return Block{"err": choice.Value}
		}
		return Block{"selected_option": o}
	}
}

func option(e Block, value string) Block {
	options := objects(e["options"])
	for _, g := range objects(e["option_groups"]) {
		options = append(options, objects(g["options"])...)
	}
	for _, o := range options {
		if str(o["value"]) == value {
			return o
		}
	}
	return nil
}
