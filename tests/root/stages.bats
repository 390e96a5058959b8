#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# stages - the command line and the surroundings a hook may be started in: usage errors, dry runs,
# logs, closed descriptors, an empty environment, a directory that is gone, input in small pieces

load lib

setup() {
	prepare
	start_vm
	limits '.pids.limit = 20'
	before=$(snapshot_host)
}

teardown() {
	finish
}

# usage WORD...: what has just run was a usage error: exit 2, one line, nothing done.
usage() {
	expect 2 "$@" || return
	one_line || return
	[ -z "$out" ] || fail "standard output:" "$out" || return
	unchanged "$before"
}

# set_up_and_down: the stage that has just run did its work, silently; take it down.
set_up_and_down() {
	expect 0 || return
	[ -z "$out" ] || fail "standard output:" "$out" || return
	sits_in "$VM" "$CG" || return
	[ "$(cgfile pids pids.max)" = 20 ] || fail "no limit" || return
	poststop
	expect 0 || return
	unchanged "$before"
}

# starting COMMAND...: createRuntime through another program, standard input from a file.
starting() {
	state_json "$VM" >"$T/state.json"
	status=0
	"$@" "$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime <"$T/state.json" >"$T/out" 2>"$T/err" ||
		status=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}

@test "stages that run inside the container are refused, and say which ones do not" {
	for stage in createContainer startContainer; do
		hook "$stage" "$VM"
		usage "$stage" createRuntime poststop
	done
}

@test "unknown words on the command line" {
	vmcg --no-such-option createRuntime
	usage --no-such-option
	vmcg frobnicate
	usage frobnicate
	vmcg
	usage --help
	vmcg createRuntime more
	usage createRuntime
	vmcg show
	usage "show ID"
	vmcg --mode sideways createRuntime
	usage --mode sideways
	vmcg --vm-pid 0 createRuntime
	usage --vm-pid
	vmcg --vm-pid 12x createRuntime
	usage --vm-pid 12x
	vmcg --format yaml list
	usage --format yaml
	vmcg --debug=1 list
	usage --debug
	vmcg createRuntime --vm-pid
	usage --vm-pid PID
	vmcg --log "$T/no/such/dir/log" list
	usage "$T/no/such/dir/log"
}

@test "--help and --version" {
	vmcg --help
	expect 0
	[[ $out = *createRuntime*poststop*--vm-pid-file* && -z $err ]]
	vmcg --version
	expect 0
	[[ $out = "vmcg "[0-9]* ]]
}

@test "a dry run prints the plan and touches nothing" {
	hook createRuntime "$VM" --dry-run
	expect 0
	[[ $out = *pids.max*20* ]]
	unchanged "$before"

	hook createRuntime "$VM" --dry-run --format json
	expect 0
	jq -e '.steps | length > 2' "$T/out"
	unchanged "$before"

	hook createRuntime "$VM"
	expect 0
	stands=$(snapshot_host)
	vmcg --dry-run poststop < <(state_json "$VM")
	expect 0
	unchanged "$stands"
	vmcg --dry-run destroy "$ID"
	expect 0
	[[ $out = *"$CG"* ]]
	vmcg --dry-run --format json destroy "$ID"
	expect 0
	jq -e --arg id "$ID" --arg cg "$CG" '.id == $id and .path == $cg and .steps > 2 and length == 3' "$T/out"
	cp "$T/out" "$T/destroy"
	vmcg --dry-run --format json poststop < <(state_json "$VM")
	expect 0
	diff "$T/out" "$T/destroy"
	unchanged "$stands"
	poststop
	expect 0
	vmcg --dry-run --format json poststop < <(state_json "$VM")
	expect 0
	jq -e '.path == null and .steps == 0' "$T/out"
}

@test "plan touches nothing, and says what createRuntime then does" {
	plan "$VM"
	unchanged "$before"
	jq -r '.steps[] | select(.op == "write") | "\(.file) \(.value)"' "$T/plan" >"$T/planned"
	hook createRuntime "$VM"
	expect 0
	record '.steps[] | select(.op == "write") | "\(.file) \(.value)"' | diff "$T/planned" -
	poststop
	expect 0
}

@test "--log takes the lines off standard error, as text or as JSON" {
	hook createRuntime "$VM" --log "$T/log"
	expect 0
	[ -z "$err" ]
	grep -q "vmcg createRuntime $ID: .*VM process $VM" "$T/log"
	[ "$(stat -c %a "$T/log")" = 600 ]

	vmcg --log "$T/log.json" --log-format json --debug poststop < <(state_json "$VM")
	expect 0
	[ -z "$err" ]
	while IFS= read -r line; do
		jq -e --arg id "$ID" '.time and .message and (.level | IN("debug", "info", "warning", "error"))
			and .command == "poststop"' <<<"$line" || fail "$line"
	done <"$T/log.json"
	grep -q "taken down" "$T/log.json"

	hook createRuntime 0 --log "$T/log.json" --log-format json
	expect 3
	tail -n 1 "$T/log.json" | jq -e '.level == "error" and (.message | test("pid"))'
}

@test "stages are silent on standard output, and on both when all is well" {
	for stage in prestart createRuntime poststart poststop; do
		hook "$stage" "$VM"
		expect 0
		[ -z "$out" ]
	done
}

@test "standard descriptors that are closed" {
	state_json "$VM" >"$T/state.json"
	"$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime <"$T/state.json" >&- 2>&-
	status=0 out='' err=''
	set_up_and_down

	status=0
	"$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime <&- 2>"$T/err" || status=$?
	err=$(cat "$T/err")
	expect 3 empty
	unchanged "$before"
}

@test "an empty environment" {
	starting env -i
	set_up_and_down
}

@test "a working directory that is gone" {
	mkdir "$T/gone"
	cd "$T/gone"
	rmdir "$T/gone"
	starting env
	cd "$TOP"
	set_up_and_down
}

@test "blocked and ignored signals" {
	starting env --block-signal --ignore-signal
	set_up_and_down
}

@test "few descriptors, and stray ones" {
	few() (
		ulimit -n 48
		exec "$@"
	)
	starting few
	set_up_and_down

	exec {stray}<"$T/state.json"
	starting env
	exec {stray}<&-
	set_up_and_down
}

@test "too few descriptors to work with: refused or undone" {
	none() (
		ulimit -n 6
		exec "$@"
	)
	starting none
	[ "$status" -ne 0 ] || poststop
	[ "$status" -lt 6 ]
	unchanged "$before"
}

@test "standard input in small pieces, with pauses" {
	state_json "$VM" >"$T/state.json"
	status=0
	while IFS= read -r -N 40 piece || [ -n "$piece" ]; do
		printf %s "$piece"
		sleep 0.02
	done <"$T/state.json" | "$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime >"$T/out" 2>"$T/err" ||
		status=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
	set_up_and_down
}

@test "state documents as runtimes send them" {
	while IFS= read -r filter; do
		vmcg createRuntime < <(state_json "$VM" "$filter")
		set_up_and_down || fail "state: $filter"
	done <<-'END'
		.
		.status = "created" | .root = "rootfs" | .ociVersion = "1.0"
		.ociVersion = "" | .status = ""
		{id, pid, bundlePath: .bundle}
		.annotations = {"k": "v"}
		.unknown = [1, {"a": null}]
	END
	hook createRuntime "$VM"
	expect 0
	vmcg poststop < <(state_json 0 '.status = "stopped" | .root = "rootfs" | .ociVersion = "1.0"')
	expect 0
	unchanged "$before"
}

@test "the run directory is made when it is missing, and is nobody else's" {
	kept=$ROOT
	ROOT=$ROOT/a/b
	hook createRuntime "$VM"
	expect 0
	[ "$(stat -c %a "$ROOT")" = 700 ]
	[ "$(stat -c %a "$ROOT/$ID.json")" = 600 ]
	poststop
	expect 0
	rm -r "$kept/a"
	ROOT=$kept
}

@test "a lock held too long is refused, and nothing is touched" {
	exec {lock}>"$ROOT/$ID.lock"
	flock "$lock"
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 4 "$ID.lock"
	unchanged "$before"
	exec {lock}>&-
	rm -f "$ROOT/$ID.lock"
}

@test "a lock given back in time is waited for" {
	exec {lock}>"$ROOT/$ID.lock"
	flock "$lock"
	{
		sleep 0.5
		flock -u "$lock"
	} 3>&- &
	hook createRuntime "$VM"
	exec {lock}>&-
	expect 0
	poststop
	expect 0
	rm -f "$ROOT/$ID.lock"
}

@test "a policy that cannot be read stops no teardown, and everything else" {
	start_vm
	limits '.pids.limit = 50'
	for stop in poststop "destroy $ID" gc; do
		echo '{}' >"$POLICY"
		hook createRuntime "$VM"
		expect 0
		echo '{"on_stop": "mvoe",}' >"$POLICY"
		vmcg show "$ID"
		expect 3 "$POLICY"
		# What is dead enough for gc.
		[ "$stop" != gc ] || { jq -c '.boot = "another"' "$ROOT/$ID.json" >"$T/record" && cp "$ROOT/$ID.json" "$T/whole" && cat "$T/record" >"$ROOT/$ID.json"; }
		# shellcheck disable=SC2086 # words
		vmcg $stop < <(state_json "$VM")
		expect 0 "$POLICY" "goes by the record"
		one_line
		[ ! -e "$ROOT/$ID.json" ]
	done
	cat "$T/whole" >"$ROOT/$ID.json"
	vmcg --policy "$T/no-such-file" destroy "$ID"
	expect 0 "no such file (--policy)" "goes by the record"
}

@test "output that cannot be written is said, and whether the work was done" {
	start_vm
	limits '.pids.limit = 50'
	hook createRuntime "$VM"
	expect 0
	status=0
	"$VMCG" --root "$ROOT" --policy "$POLICY" list >/dev/full 2>"$T/err" || status=$?
	err=$(<"$T/err")
	expect 1 "standard output" "No space left on device" "list" "nothing was changed"
	one_line
	for dry in --dry-run --debug; do
		status=0
		"$VMCG" --root "$ROOT" --policy "$POLICY" $dry update "$ID" --resources - --log "$T/log" >/dev/full 2>"$T/err" <<<'{"pids": {"limit": 60}}' || status=$?
		err=$(<"$T/log")
		if [ $dry = --dry-run ]; then
			expect 1 "No space left on device" "nothing was changed"
			[ "$(record .resources.pids.limit)" = 50 ]
		else
			expect 1 "No space left on device" "work is done"
			[ "$(record .resources.pids.limit)" = 60 ]
		fi
	done
	poststop
	expect 0
}

@test "a user without a run directory, to whom nothing is delegated: no limit applies, and that is said" {
	local copy

	copy=$(mktemp -d "/tmp/$NAME.XXXXXX")
	chmod 755 "$copy"
	cp "$VMCG" "$copy/vmcg"
	sleep 900 3>&- &
	STARTED+=($!)
	disown
	config_json '.linux.cgroupsPath = null'
	cp "$BUNDLE/config.json" "$copy"
	state_json "${STARTED[-1]}" | jq --arg b "$copy" '.bundle = $b' >"$copy/state.json"
	chmod 644 "$copy"/*.json
	for stage in createRuntime poststop; do
		status=0
		setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$copy/vmcg" $stage <"$copy/state.json" >"$T/out" 2>"$T/err" ||
			status=$?
		[ "$status" = 0 ] || fail "$(<"$T/err")"
		[ $stage = poststop ] || grep -q "so no limit applies" "$T/err" || fail "$(<"$T/err")"
	done
	rm -r "$copy"
}
