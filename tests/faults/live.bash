# shellcheck shell=bash disable=SC2034,SC2153 # what is set here is used by the other files
# SPDX-License-Identifier: Apache-2.0
#
# live - the commands on a container that is set up: update, device, add, check, gc
#
# BEFORE is the look of the host without the container, LIVE with it, DONE after the command. A
# case that leaves LIVE is the next one's beginning (UP); any other ends with destroy, which has to
# leave BEFORE.

UP='' HOLDS=''

# --- what is there ---

# begin_live GROUND BRING COMMAND...: GROUND makes what is there before the container, BRING the
# rest of it after its setup. The calls of COMMAND are in $T/trace.
begin_live() {
	GROUND=$1 BRING=$2 PREPARE=prepare_live ENTER=enter_live STAGE=("${@:3}") RECORDS=yes
	clean_up
	prepare_live
	look
	BEFORE=$LOOK
	FULL=
	: >"$T/trace"
	enter_live
	look
	LIVE=$LOOK LIVE_RECORD=$(record)
	IFS= read -rd '' PLACES <"/proc/$VM/cgroup"
	[ "$STATUS" -eq 0 ] || bail "the container does not stand: exit $STATUS" "$(cat "$T/err")"
	# What a repair makes of a container that the command has not changed yet.
	vmcg update "$ID"
	look
	REPAIRED=$LOOK
	clean_up
	prepare_live
	enter_live
	traced
	look
	DONE=$LOOK DONE_RECORD=$(record)
	[[ $STATUS =~ ^(${TRUTH:-0})$ ]] ||
		bail "${STAGE[*]} without a fault: exit $STATUS" "$(cat "$T/err")"
	clean_up
	prepare_live
}

prepare_live() {
	UP=
	"$GROUND"
}

enter_live() {
	[ ! "$UP" ] || return 0
	vmcg createRuntime
	"$BRING"
	UP=yes
}

# Away with the container, and nothing of it is left.
down() {
	UP=
	way 0 destroy "$ID" && is "$BEFORE" "before its setup, after destroy"
}

# The VM goes on: it lives where it was put, is not frozen, and may still open what it needs.
# Without a process, for it is asked after each case.
vm_goes_on() {
	local file text

	kill -0 "$VM" || return
	IFS= read -rd '' text <"/proc/$VM/cgroup"
	[ "$text" = "$PLACES" ] || { echo "the VM was moved: $text"; return 1; }
	for file in "${MOUNTS[@]/%/$CG/freezer.state}" "${MOUNTS[@]/%/$CG/cgroup.freeze}"; do
		[ -e "$file" ] || continue
		read -r text <"$file"
		[[ $text = THAWED || $text = 0 ]] || { echo "$file: $text"; return 1; }
	done
	for file in "${MOUNTS[@]/%/$CG/devices.list}"; do
		[ -e "$file" ] || continue
		IFS= read -rd '' text <"$file"
		[[ $text = *"c 10:232 rwm"* && $text = *"$HOLDS"* ]] ||
			{ echo "$file has no /dev/kvm, or no $HOLDS: $text"; return 1; }
	done
	return 0
}

# --- judgement ---

# The output could not be printed: the work is done, and only the exit code tells.
is_mute() {
	[ "$STATUS" -eq 1 ] && grep -q '^write(1, .*INJECTED' "$T/trace" && is "$DONE" "done, after exit 1"
}

judge_change() {
	vm_goes_on || return
	case $STATUS in
	0) is "$DONE" "after ${STAGE[*]} without faults" && down ;;
	1 | 3 | 4 | 5)
		if is_mute >/dev/null; then
			down
			return
		fi
		one_line && is "$LIVE" "before, after exit $STATUS"
		;;
	6)
		one_line || return
		[ -e "$ROOT/$ID.json" ] || { echo "exit 6 and no record"; return 1; }
		repaired && down
		;;
	*) died ;;
	esac
}

# The record is that of before, or that of after; one update makes it true.
repaired() {
	local want=$DONE

	case $(record) in
	"$DONE_RECORD") ;;
	"$LIVE_RECORD") want=$REPAIRED ;;
	*) echo "the record is neither that of before nor that of after"; return 1 ;;
	esac
	way 0 update "$ID" && vm_goes_on && is "$want" "after an update that nothing interrupted" &&
		way 0 check "$ID"
}

judge_change_kill() {
	[ "$STATUS" -eq 137 ] || { echo "exit $STATUS, not killed"; return 1; }
	vm_goes_on && repaired && down
}

# Nothing is changed, and a comparison that cannot be made is no answer. TRUTH is the right one.
judge_check() {
	case $STATUS in
	"$TRUTH" | 3 | 4) ;;
	1) grep -q '^write(1, .*INJECTED' "$T/trace" || died || return ;;
	*) died || return ;;
	esac
	vm_goes_on && is "$LIVE" "before, after exit $STATUS"
}

judge_check_kill() {
	[ "$STATUS" -eq 137 ] || { echo "exit $STATUS, not killed"; return 1; }
	vm_goes_on && is "$LIVE" "before"
}

# --- the stages ---

# Of the calls that only look a few are tried, each with one of its errors, in turns. Those after
# which the host is another are tried with all. ONLY: a pattern of names.
live_calls() {
	local name=$1 judge=$2 list few=$LIVE_SAMPLES many=$SAMPLES SAMPLES TURNS=

	list=$(number_calls | awk -v only="^(${ONLY:-.*})\$" '$1 ~ only')
	SAMPLES=$many
	calls "$name" "$judge" errors "$(changes <<<"$list" | can_fail)"
	calls "$name" "${judge}_kill" signal=KILL "$(changes <<<"$list")"
	SAMPLES=$few TURNS=yes
	calls "$name" "$judge" errors "$(grep -vxF -f <(changes <<<"$list") <(can_fail <<<"$list"))"
	calls "$name, from there on" "$judge" errors "$(lasting <<<"$list")"
}

# change FILTER: the limits that update is to set, from those of the config.
change() {
	jq ".linux.resources | $1" "$T/bundle/config.json" >"$T/change.json"
}

LOWER='del(.hugepageLimits)
	| if .cpu.shares then .cpu |= (.shares = 256 | .quota = 40000) else . end
	| if .memory then
		.memory = {limit: 134217728, reservation: 67108864, swap: 134217728} else . end
	| if .pids then .pids.limit = 32 else . end
	| if .blockIO then .blockIO.throttleReadBpsDevice[0].rate = 524288 else . end
	| if .blockIO then .blockIO.throttleWriteBpsDevice = .blockIO.throttleReadBpsDevice else . end'

stage_update() {
	config
	change "$LOWER"
	begin_live nothing nothing --resources "$T/change.json" update "$ID"
	live_calls "update with limits" judge_change
}

# The kernel refuses one of the last values: from there on it is the rollback, and what was wanted
# is what was there before.
stage_refused() {
	refused nothing "update that is refused"
	refused container "update that is refused, adopt"
}

refused() {
	local name=$2 list TURNS=yes

	config
	change "$LOWER | .blockIO.throttleReadBpsDevice[0] |= (.major = 4000 | .minor = 77)"
	TRUTH='0|5' begin_live "$1" nothing --resources "$T/change.json" update "$ID"
	if [ "$STATUS" -ne 5 ]; then
		echo "# this kernel refuses no limit for a disk that is not there"
		return
	fi
	list=$(number_calls '^write\(.*4000:77.* = -1' | tail -n +2)
	calls "$name" judge_change errors "$(can_fail <<<"$list")"
	stuck "$name" "$(sed -n 's/.*openat(.*"\([a-z_.]*\)", O_WRONLY|O_NOCTTY.*/\1/p' <<<"$list" | sort -u)"
}

# One file cannot be put back, and can again later.
stuck() {
	local name file way all=0

	WHY=''
	for name in $2; do
		for file in "${MOUNTS[@]/%/$CG/$name}"; do
			for way in update destroy; do
				"$ENTER"
				[ -e "$file" ] || continue
				traced -P "$file" -e trace=write -e inject=write:error=EBUSY:syscall=getpid:when=2+
				judge_stuck "$way" >"$T/said" 2>&1 ||
					{ WHY+="$name, $way: $(cat "$T/said")"$'\n'; put_right; }
				all=$((all + 1))
			done
		done
	done
	result "$1, and a value that sticks, $all cases" "$WHY"
}

# An update makes it as before, or a teardown takes it down at once: $1.
judge_stuck() {
	local RECORDS=

	[ "$STATUS" -eq 6 ] || { died; return; }
	one_line && vm_goes_on || return
	if [ "$1" = update ]; then
		way 0 update "$ID" && vm_goes_on && way 0 check "$ID" &&
			is "$(grep -v '^record: ' <<<"$REPAIRED")" "before, after an update" || return
	fi
	down
}

stage_update_adopt() {
	config
	change "$LOWER"
	begin_live container nothing --resources "$T/change.json" update "$ID"
	live_calls "update with limits, adopt" judge_change
}

# Somebody has changed what was set, in all ways.
drift() {
	set_value cpu.shares 999
	set_value cpu.cfs_quota_us 70000
	set_value memory.limit_in_bytes 200000000
	set_value pids.max 77
	set_value cpu.weight 77
	set_value memory.max 200000000
	set_value devices.deny "c 10:200 rwm"
	set_value devices.allow "c 10:240 rwm"
}

stage_repair() {
	config
	begin_live nothing drift update "$ID"
	live_calls "update of what has drifted" judge_change
}

# Two devices, of nodes of our own.
nodes() {
	NODES=("$T/plug0" "$T/plug1")
	[ -c "${NODES[0]}" ] || mknod "${NODES[0]}" c 10 237
	[ -b "${NODES[1]}" ] || mknod "${NODES[1]}" b 7 3
}

plugged() {
	vmcg device add "$ID" "${NODES[@]}"
}

stage_device() {
	config
	nodes
	begin_live nothing nothing device add "$ID" "${NODES[@]}"
	live_calls "device add" judge_change
	begin_live nothing plugged device remove "$ID" "${NODES[1]}"
	HOLDS="c 10:237 rwm"
	live_calls "device remove" judge_change
	HOLDS=
}

stage_device_adopt() {
	config
	nodes
	begin_live container nothing device add "$ID" "${NODES[@]}"
	live_calls "device add, adopt" judge_change
	begin_live container plugged device remove "$ID" "${NODES[1]}"
	HOLDS="c 10:237 rwm"
	live_calls "device remove, adopt" judge_change
	HOLDS=
}

stage_add() {
	config
	begin_live nothing nothing add "$ID" "$HELPER"
	live_calls "add" judge_change
}

# One value only: should it not be seen, nothing else tells.
one_drift() {
	set_value pids.max 77
}

# Of its few calls each may be the one that it goes by.
stage_check() {
	local LIVE_SAMPLES=30

	config
	TRUTH=0
	begin_live nothing nothing check "$ID"
	live_calls "check" judge_check
	TRUTH=7
	begin_live nothing one_drift check "$ID"
	live_calls "check of what has drifted" judge_check
	unset TRUTH
}

# A container whose VM has ended, beside the one that lives.
dead() {
	local pid

	[ -d "$T/dead" ] || mkdir "$T/dead"
	jq --arg cg "/$NAME/dead" '.linux.cgroupsPath = $cg' "$T/bundle/config.json" >"$T/dead/config.json"
	sleep infinity >/dev/null 2>&1 &
	pid=$!
	move "$pid" "/$NAME-home"
	jq -c --arg b "$T/dead" --argjson p "$pid" '.id = "dead" | .bundle = $b | .pid = $p' \
		"$T/state.json" >"$T/dead.json"
	STATE=$T/dead.json vmcg createRuntime
	kill -KILL "$pid"
	wait "$pid"
} 2>/dev/null

# The dead one goes, now or with the next gc; the living one is as it was, always.
judge_gc() {
	case $STATUS in
	0 | 1 | 3 | 4 | 5 | 6) ;;
	*) died || return ;;
	esac
	judge_gc_kill
}

judge_gc_kill() {
	vm_goes_on && is_living || return
	UP=
	[ "$LOOK" = "$DONE" ] || { way 0 gc && is_living && is "$DONE" "after a gc without faults"; }
}

living() {
	grep -v -e "/$NAME/dead" -e "$ROOT/dead" <<<"$1"
}

is_living() {
	look
	[ "$(living "$LOOK")" != "$(living "$LIVE")" ] || return 0
	echo "the living container was changed:"
	diff <(living "$LIVE") <(living "$LOOK") | grep '^[<>]' | cut -c1-200 | head -12
	return 1
}

stage_gc() {
	config
	begin_live container dead gc
	live_calls "gc beside a living container of a runtime's" judge_gc
	begin_live nothing dead gc
	ONLY='pidfd_open|poll|openat' live_calls "gc beside a living container of our own" judge_gc
}
