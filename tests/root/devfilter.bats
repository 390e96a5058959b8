#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# devfilter - device filters on the real kernel, as vmcg changes and compares them: programs of ours
# beside those of others, and v1 lists whose exceptions only vmcg knows

load lib

setup() {
	prepare
	KVM="c 10:232 rwm" NULL="c 1:3 rwm"
}

teardown() {
	finish
}

need_programs() {
	[ "${MOUNT[unified]:-}" ] || cannot "no cgroup v2 tree on this host"
	make_group "$CG" "${MOUNT[unified]}"
}

program() {
	"$BUILD/root/devprogram" "${MOUNT[unified]}$CG" "$@"
}

# filter VERB MODE MANAGER OLD RULE...
filter() {
	"$BUILD/root/devfilter-probe" "${MOUNT[unified]}" "$CG" "$@"
}

# rows WANT MODE MANAGER OLD RULE...: what check prints, lines joined by blanks.
rows() {
	local got

	got=$(filter check "${@:2}" | paste -sd ' ')
	[ "$got" = "$1" ] || fail "got:  $got" "want: $1"
}

@test "adopt: a program is added beside systemd's only to take something away, and nothing else" {
	need_programs
	program attach systemd "$KVM" "$NULL"
	filter extend adopt systemd 1 "$KVM" "$NULL"
	rows "" adopt systemd 1 "$KVM" "$NULL"
	run ! program detach vmcg
	program detach systemd
	rows "devices|ours|-" adopt systemd 1 "$KVM"
	program attach systemd "$KVM" "$NULL"
	filter extend adopt systemd 1 "$NULL" -- "$KVM"
	rows "" adopt systemd 1 "$NULL" -- "$KVM"
	# ours is there: it is told from another by its instructions, and the rules are not its matter
	rows "" adopt systemd 1 -- "$KVM"
	rows "devices|ours|ours" adopt systemd 1 "$NULL" -- "$NULL"
	rows "devices|-|ours" adopt systemd 1 "$NULL"
	# once it is there it is replaced, not added to
	filter extend adopt systemd 1 "$KVM" -- "$NULL"
	rows "" adopt systemd 1 "$KVM" -- "$NULL"
	# nothing is denied any more
	filter extend adopt systemd 1 "$KVM" "$NULL"
	rows "" adopt systemd 1 "$KVM" "$NULL"
	run ! program detach vmcg
	filter extend adopt systemd 1 "$KVM" -- "$NULL"
	# and the way back leaves systemd's alone
	filter restore adopt systemd 1 "$KVM" -- "$NULL"
	program detach systemd
	run ! program detach vmcg
}

@test "adopt: without a filter one is added only for what is denied" {
	need_programs
	filter extend adopt cgroupfs 0 "$KVM"
	run ! program detach vmcg
	rows "" adopt cgroupfs 0 "$KVM"
	rows "devices|ours|-" adopt cgroupfs 0 "$KVM" -- "$NULL"
	filter extend adopt cgroupfs 0 "$KVM" -- "$NULL"
	rows "" adopt cgroupfs 0 "$KVM" -- "$NULL"
	filter restore adopt cgroupfs 0 "$KVM" -- "$NULL"
	run ! program detach vmcg
}

@test "adopt: ours keeps the place it took, also while everything is allowed" {
	need_programs
	program attach foreign "$NULL"
	filter extend adopt cgroupfs 1 "$KVM"
	filter extend adopt cgroupfs 1 "a *:* rwm"
	rows "" adopt cgroupfs 1 "a *:* rwm"
	rows "devices|ours|ours" adopt cgroupfs 1 "$KVM"
	filter extend adopt cgroupfs 1 "$KVM" "$NULL"
	rows "" adopt cgroupfs 1 "$KVM" "$NULL"
	filter restore adopt cgroupfs 1 "$NULL"
	rows "" adopt cgroupfs 1 "$NULL"
	program detach vmcg
}

@test "adopt: a foreign program is replaced, and back again; what others add is told" {
	need_programs
	program attach foreign "$NULL"
	rows "devices|ours|-" adopt cgroupfs 1 "$KVM" "$NULL"
	filter extend adopt cgroupfs 1 "$KVM" "$NULL"
	run ! program detach foreign
	rows "" adopt cgroupfs 1 "$KVM" "$NULL"
	program attach foreign "$NULL"
	rows "program|-|1 foreign device program" adopt cgroupfs 1 "$KVM" "$NULL"
	program detach vmcg
	# the runtime has put its own in the place of ours
	rows "devices|ours|-" adopt cgroupfs 1 "$KVM" "$NULL"
	filter extend adopt cgroupfs 1 "$KVM" "$NULL"
	# another one died with its setup: one from the rules of before takes its place
	filter restore adopt cgroupfs 1 "$NULL"
	rows "" adopt cgroupfs 1 "$NULL"
	program detach vmcg
}

@test "adopt: systemd makes its own when the unit is changed, where the runtime had only its own" {
	need_programs
	program attach foreign "$NULL"
	before=$(filter look adopt systemd 0)
	program attach systemd "$KVM" "$NULL"
	filter extend adopt systemd "$before" "$KVM" "$NULL"
	rows "" adopt systemd "$before" "$KVM" "$NULL"
	# and anew at each reload
	program detach systemd
	program attach systemd "$KVM" "$NULL"
	rows "" adopt systemd "$before" "$KVM" "$NULL"
	filter restore adopt systemd "$before" "$NULL"
	rows "" adopt systemd "$before" "$NULL"
	program detach systemd
	program detach vmcg
	# beside systemd's, which was there before and is made anew
	program attach systemd "$KVM" "$NULL"
	before=$(filter look adopt systemd 0)
	filter extend adopt systemd "$before" "$NULL" -- "$KVM"
	program detach systemd
	program attach systemd "$KVM" "$NULL"
	rows "" adopt systemd "$before" "$NULL" -- "$KVM"
	filter restore adopt systemd "$before" "$NULL" -- "$KVM"
	run ! program detach vmcg
	program detach systemd
}

@test "adopt: what systemd has put back beside ours is replaced again" {
	need_programs
	program attach foreign "$NULL"
	before=$(filter look adopt cgroupfs 0)
	# the one that will be put back: a program of the same kind, which ours has never seen
	filter extend adopt cgroupfs "$before" "$KVM"
	rows "" adopt cgroupfs "$before" "$KVM"
	program attach foreign "$NULL"
	run ! filter extend adopt cgroupfs "$before" "$KVM"
	again=$(filter look adopt cgroupfs 0)
	before="1 ${again##* }"
	rows "program|-|1 foreign device program" adopt cgroupfs "$before" "$KVM"
	filter extend adopt cgroupfs "$before" "$KVM"
	rows "" adopt cgroupfs "$before" "$KVM"
	run ! program detach foreign
	program detach vmcg
	run ! program detach vmcg
}

@test "adopt: systemd's beside the runtime's, which ours takes the place of" {
	need_programs
	program attach systemd "$KVM" "$NULL"
	program attach foreign "$NULL"
	rows "devices|ours|-" adopt systemd 2 "$KVM" "$NULL"
	filter extend adopt systemd 2 "$KVM" "$NULL"
	rows "" adopt systemd 2 "$KVM" "$NULL"
	program detach vmcg
	rows "devices|ours|-" adopt systemd 2 "$KVM" "$NULL"
	program attach foreign "$NULL"
	program attach foreign "$NULL"
	filter check adopt systemd 2 "$KVM" "$NULL"
	rows "program|1 foreign device program|2 foreign device programs" adopt systemd 2 "$KVM" "$NULL"
	program detach foreign
	program detach foreign
	program detach systemd
}

@test "own: one of ours, and systemd's is no stranger where it is the manager, named or not" {
	need_programs
	rows "devices|ours|-" own systemd 0 "$KVM"
	program attach vmcg "$KVM"
	rows "" own systemd 0 "$KVM"
	for who in systemd nameless; do
		program attach $who
		rows "" own systemd 0 "$KVM"
		rows "program|-|1 foreign device program" own cgroupfs 0 "$KVM"
		rows "" own cgroupfs 1 "$KVM"
		program detach $who
	done
	program attach other
	rows "program|-|1 foreign device program" own systemd 0 "$KVM"
	program detach other
	# allowed is everything: then there is none
	rows "devices|-|ours" own systemd 0 "a *:* rwm"
	program detach vmcg
	rows "" own systemd 0 "a *:* rwm"
}

@test "v1: exceptions from default allow change by themselves, without a reset, above a child group" {
	local device numbers

	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	read -r -a numbers < <(spare_device) || fail "no device to try it with"
	make_node spare c "${numbers[@]}"
	device=$NODE
	start_vm
	limits '.devices = [{allow: true, access: "rwm"}, {allow: false, type: "b", major: 7, access: "rwm"}]'
	hook createRuntime "$VM"
	expect 0
	opens "$device"
	mkdir "$(controller_path devices)/child"
	strace -f -e trace=write -o "$T/trace" "$VMCG" --root "$ROOT" device remove "$ID" "$device"
	denied "$device"
	opens /dev/null
	vmcg device add "$ID" "$device"
	expect 0
	opens "$device"
	grep -q "\"c ${numbers[0]}:${numbers[1]} " "$T/trace"
	# A reset would be an "a" alone.
	run ! grep '"a"' "$T/trace"
	rmdir "$(controller_path devices)/child"
	poststop
	expect 0
}
