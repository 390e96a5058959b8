#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# gapless - while devices are added and removed, a process inside that opens another one without a
# pause is never refused
#
# CHANGES says how many changes are made; else 1,000, in the emulated guests of the rig 100.

load lib
load operate

CHANGES=${CHANGES:-$([ "${VMCG_RIG_GUEST:-}" ] && echo 100 || echo 1000)}

setup() {
	prepare
	find_spare
}

teardown() {
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

# gapless CHANGES: while that many changes are made, the opener inside is never refused.
gapless() {
	local i says opened what=add

	find_kept
	start_opener "$KEPT"
	vmcg add "$ID" "$OPENER"
	expect 0
	opener_counts_anew
	for ((i = 0; i < $1; i++)); do
		"$VMCG" --root "$ROOT" --policy "$POLICY" device $what "$ID" "$SPARE" >"$T/out" 2>"$T/err" ||
			fail "change $i:" "$(cat "$T/err")" || return
		[ "$what" = add ] && what=remove || what=add
	done
	says=$(opener_says)
	echo "# $1 changes: $says" >&3
	[[ $says = "opened "*" denied 0 failed 0" ]] || fail "$says" || return
	# It was really at it all the time.
	opened=${says#opened }
	[ "${opened%% *}" -gt "$1" ]
}

@test "many changes of one device: another one is never refused" {
	running .
	gapless "$CHANGES"
}

@test "the same under a policy that allows all but some" {
	running '.devices = [{allow: true, access: "rwm"}, {allow: false, type: "b", major: 7, access: "rwm"}]'
	gapless $((CHANGES / 20))
}

@test "the loop sees a refusal when there is one" {
	running .
	find_kept
	start_opener "$KEPT"
	vmcg add "$ID" "$OPENER"
	expect 0
	opener_counts_anew
	device remove "$ID" "$KEPT"
	expect 0
	device add "$ID" "$KEPT"
	expect 0
	says=$(opener_says)
	[[ $says != *" denied 0 "* ]] || fail "$says"
}
