# shellcheck shell=bash disable=SC2154 # what lib.bash has set
# SPDX-License-Identifier: Apache-2.0
#
# drift - what the tests of `vmcg check` share, on any host: loaded behind lib.bash

# As snapshot_host; the guests' word about a command that fails is no part of it.
snapshot() {
	trap - ERR
	snapshot_host
}

# The JSON form, in $out and $T/out.
check() {
	vmcg --format json check "$ID"
}

# The text and the JSON form both say that all is as recorded.
as_recorded() {
	vmcg check "$ID"
	expect 0 || return
	[ -z "$err" ] || fail "a word on standard error:" "$err" || return
	[[ $out = "$ID: as recorded ("* ]] || fail "not as recorded:" "$out" || return
	check
	expect 0 || return
	[ "$(jq -c . "$T/out")" = "{\"id\":\"$ID\",\"drift\":[]}" ] || fail "$out"
}

# drifted ROW...: exactly these rows, in this order. A row is "WHAT|WHERE|RECORDED|LIVE" of bash patterns,
# a dash for nothing.
drifted() {
	local rows row i=0

	check
	expect 7 difference || return
	one_line || return
	jq -e --arg id "$ID" 'keys == ["drift", "id"] and .id == $id and (.drift | length > 0) and
		all(.drift[]; keys == ["live", "recorded", "what", "where", "why"] and
			(.why | type == "string" and . != ""))' "$T/out" >/dev/null ||
		fail "not as documented:" "$out" || return
	mapfile -t rows < <(jq -r '.drift[] | [.what, .where, .recorded // "-", .live // "-"] |
		map(gsub("\n"; " ")) | join("|")' "$T/out")
	[ "${#rows[@]}" -eq $# ] || fail "${#rows[@]} rows, not $#:" "${rows[@]}" || return
	for row; do
		# shellcheck disable=SC2053 # patterns
		[[ ${rows[i]} = $row ]] || fail "row: ${rows[i]}" "want: $row" || return
		i=$((i + 1))
	done
	vmcg check "$ID"
	expect 7 || return
	[ "$(head -n 1 <<<"$out" | xargs)" = "WHAT WHERE RECORDED LIVE WHY" ] || fail "$out" || return
	[ "$(wc -l <<<"$out")" -eq $((${#rows[@]} + 1)) ] || fail "$out"
}

# One `vmcg update` makes it as recorded again.
repaired() {
	vmcg update "$ID"
	expect 0 || return
	as_recorded
}

# edit [JQ-OPTION...] FILTER: the record, by hand.
edit() {
	jq -c "$@" "$ROOT/$ID.json" >"$T/edited"
	cat "$T/edited" >"$ROOT/$ID.json"
}

# The rules of the record, as a device list has them.
recorded_rules() {
	record '.devices.rules[] | "\(.type) \(.major):\(.minor) \(.access)"' | sed 's/-1/*/g'
}

# program attach|detach WHO [RULE...]: a device program of the target's v2 group.
program() {
	"$BUILD/root/devprogram" "${MOUNT[unified]}$CG" "$@"
}

# The VM process, taken somewhere else in the hierarchy of one controller.
move_vm() {
	echo "$VM" >"$(controller_mount "$1")$2/cgroup.procs"
}

# A control file of the target, by hand: set_file CONTROLLER FILE VALUE.
set_file() {
	printf '%s' "$3" >"$(controller_path "$1")/$2"
}

end_vm() {
	kill -KILL "$1"
	wait_until ! kill -0 "$1" 2>/dev/null
}
