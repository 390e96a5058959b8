#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# docs.bats - the manual pages, the examples and the completion say what the program does

bats_require_minimum_version 1.5.0

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	DOCS=$TOP/docs
	VMCG=$(realpath "${VMCG:-$TOP/build/vmcg}")
	[ -x "$VMCG" ]
}

# What --help lists: its commands, or its options.
help_words() {
	"$VMCG" --help | awk -v part="$1:" '
		/^[a-z]/ { in_part = $0 == part }
		in_part && /^  [^ ]/ { print $1 }'
}

# The completions of a command line whose last word is the one to complete.
complete_line() {
	bash -c '
		vmcg() { "$VMCG" "$@"; }
		eval "$("$VMCG" --completion)"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_vmcg
		printf "%s\n" "${COMPREPLY[@]}"' complete "$@"
}

# --- completion ---

@test "completion: every command and option, and nothing else" {
	export VMCG
	want=$({ help_words commands; help_words options; } | sort)
	[ -n "$want" ]
	diff -u <(echo "$want") <(complete_line vmcg "" | sort)
}

@test "completion: the words of an option, in both spellings" {
	export VMCG
	[ "$(complete_line vmcg --mode "" | xargs)" = "auto own adopt" ]
	[ "$(complete_line vmcg --mode = ad)" = adopt ]
	[ "$(complete_line vmcg --cgroup-manager s)" = systemd ]
}

@test "completion: what stands behind a command, of the run directory that the line names" {
	export VMCG
	cd "$BATS_TEST_TMPDIR"
	mkdir -m 700 run
	for id in demo-a demo-b; do
		example record | jq --arg id $id '.id = $id' >run/$id.json
	done
	for words in "show" "paths" "update" "destroy" "add" "device list" "device add" "device remove" "--debug show"; do
		# shellcheck disable=SC2086 # words
		[ "$(complete_line vmcg --root run $words "" | xargs)" = "demo-a demo-b" ]
	done
	[ "$(complete_line vmcg --root = run --mode own show demo-b)" = demo-b ]
	[ "$(complete_line vmcg show --root run "" | xargs)" = "demo-a demo-b" ]
	[ -z "$(complete_line vmcg --root /nowhere show "")" ]
	[ "$(complete_line vmcg device "" | xargs)" = "list add remove" ]
	# the ID stands there already
	[ -z "$(complete_line vmcg --root run show demo-a "")" ]
	[ -z "$(complete_line vmcg --root run device add demo-a "")" ]
	[ "$(complete_line vmcg show --dry | xargs)" = --dry-run ]
}

@test "completion: loads into a strict shell" {
	"$VMCG" --completion >"$BATS_TEST_TMPDIR/vmcg.bash"
	bash -euo pipefail -c '. "$1"; complete -p vmcg' load "$BATS_TEST_TMPDIR/vmcg.bash"
}

# --- the pages ---

# The words behind a macro in a section of a page: items docs/vmcg.8 COMMANDS Cm
items() {
	awk -v section="$2" -v macro="$3" '
		/^\.Sh / { in_section = $0 == ".Sh " section }
		in_section && $1 == ".It" && $2 == macro { print $3 }' "$1"
}

# The example of that name in vmcg-json(7), as JSON.
example() {
	awk -v name="$1" '
		$0 == ".\\\" json: " name { found = 1; next }
		found && /^\.Ed/ { exit }
		found && !/^\.Bd/ { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print }' "$DOCS/vmcg-json.7"
}

# All examples, as files NAME.json in the test's directory.
examples() {
	for name in host state config plan policy record list show paths add update device-list \
		device-add check gc teardown features log; do
		example "$name" >"$BATS_TEST_TMPDIR/$name.json"
		[ -s "$BATS_TEST_TMPDIR/$name.json" ]
	done
	cd "$BATS_TEST_TMPDIR" || return
	echo '{}' >none.json
}

# Every name in a document, with where it stands; "*" for the places in an array.
shape() {
	jq -c '[paths | map(if type == "number" then "*" else . end)] | unique[]' "$1"
}

# A name that a document of ours cannot have is refused with a list of those it can.
known_names() {
	sed -n 's/.*known here: \([a-z_, ]*\).*/\1/p' | tr -d ,
}

@test "pages: mandoc has nothing to say" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	# What other manuals a machine has is not for a page to decide.
	for page in "$DOCS"/*.[1-9]; do
		run -0 bash -c 'mandoc -T lint "$1" 2>&1 |
			grep -v -e "referenced manual not found" -e "outdated mandoc.db" || true' lint "$page"
		echo "$output"
		[ -z "$output" ]
	done
}

@test "pages: no line is too wide for a terminal" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	for page in "$DOCS"/*.[1-9]; do
		run -0 bash -c 'mandoc -T ascii "$1" | sed "s/.\x08//g" | awk "length > 80"' wide "$page"
		echo "$output"
		[ -z "$output" ]
	done
}

@test "vmcg(8): the commands of --help, all and no others" {
	diff -u <(help_words commands | sort) <(items "$DOCS/vmcg.8" COMMANDS Cm | sort)
}

@test "vmcg(8): the options of --help, all and no others, with their arguments" {
	diff -u <(help_words options | sort) <(items "$DOCS/vmcg.8" OPTIONS Fl | sed 's/^/-/' | sort)
	# "--mode auto|own|adopt" is ".It Fl -mode Cm auto Ns | Ns Cm own Ns | Ns Cm adopt"
	diff -u <("$VMCG" --help | sed -n 's/^  --/--/p' | sort) <(
		awk '/^\.Sh / { on = $2 == "OPTIONS" } on && /^\.It Fl/' "$DOCS/vmcg.8" |
			sed -E 's/^\.It Fl -/--/; s/ (Cm|Ar)//g; s/ Ns \| Ns /|/g' | sort)
}

@test "vmcg(8): the exit codes of --help, all and no others" {
	want=$("$VMCG" --help | tr '\n' ' ' | sed 's/.*exit codes://; s/See vmcg.*//' | grep -o '[0-9]')
	got=$(awk '/^\.Sh / { on = $0 == ".Sh EXIT STATUS" } on && $1 == ".It" { print $2 }' "$DOCS/vmcg.8")
	diff -u <(echo "$want") <(echo "$got")
}

@test "vmcg(8): the members of the policy, all and no others" {
	cd "$BATS_TEST_TMPDIR"
	echo '{}' >config.json
	for bad in '{"?": 1}' '{"devices": {"?": 1}}'; do
		echo "$bad" >policy.json
		run -3 "$VMCG" plan --policy policy.json
		words+=" $(known_names <<<"$output")"
	done
	want=$(for word in $words; do
		case $word in
		add | remove | require | deny | permit) echo "devices.$word" ;;
		devices) ;;
		*) echo "$word" ;;
		esac
	done | sort)
	[ -n "$want" ]
	diff -u <(echo "$want") <(awk '/^\.Sh / { on = $0 == ".Sh POLICY FILE" }
		on && $1 == ".It" { print $2 }' "$DOCS/vmcg.8" | sort)
	example policy >page.json
	diff -u <(echo "$want") <(jq -r 'to_entries[] | if .key == "devices"
		then .value | keys[] | "devices." + . else .key end' page.json | sort)
}

@test "vmcg(8): each message under DIAGNOSTICS is one that the program has" {
	# String literals of the source, joined as the compiler joins them.
	cat "$TOP"/hook/*.c "$TOP"/oci/*.c | tr -d '\n\t' | sed -E 's/" *"//g' >"$BATS_TEST_TMPDIR/source"
	n=0
	while IFS= read -r message; do
		echo "$message"
		grep -qF -- "$message" "$BATS_TEST_TMPDIR/source"
		n=$((n + 1))
	done < <(sed -n 's/^\.It Sy "\(.*\)"$/\1/p' "$DOCS/vmcg.8")
	[ "$n" -ge 10 ]
}

@test "vmcg(8): shares and weights as the table has them" {
	cd "$BATS_TEST_TMPDIR"
	examples
	read -r -a shares < <(sed -n 's/^\.It Em shares Ta //; s/ Ta / /gp' "$DOCS/vmcg.8" | grep '^2 128')
	read -r -a weights < <(sed -n 's/^\.It Em weight Ta //; s/ Ta / /gp' "$DOCS/vmcg.8" | grep '^1 21')
	[ ${#shares[@]} -eq 8 ]
	[ ${#weights[@]} -eq 8 ]
	for i in "${!shares[@]}"; do
		echo "{\"linux\": {\"resources\": {\"cpu\": {\"shares\": ${shares[i]}}}}}" >config.json
		got=$("$VMCG" plan --config config.json --host host.json --policy none.json --format json |
			jq -r '.steps[] | select(.file == "cpu.weight").value')
		echo "${shares[i]}: $got, the page says ${weights[i]}"
		[ "$got" = "${weights[i]}" ]
	done
}

# --- the documents ---

@test "vmcg-json(7): every example is JSON" {
	examples
	for name in *.json; do
		echo "$name"
		jq -e . "$name" >/dev/null
	done
	[ "$(grep -c '^\.\\" json: ' "$DOCS/vmcg-json.7")" -eq "$(($(ls -- *.json | wc -l) - 1))" ] # none.json
}

@test "vmcg-json(7): the plan is what the state, the config and the host facts before it give" {
	examples
	"$VMCG" plan --state state.json --config config.json --host host.json --policy none.json \
		--format json >got.json
	diff -u <(jq . plan.json) <(jq . got.json)
}

@test "vmcg-json(7): host facts have every member there is, and host prints no other" {
	examples
	echo '{"layout": "unified", "mounts": {"unified": "/x"}, "?": 1}' >bad.json
	run -3 "$VMCG" plan --config config.json --host bad.json --policy none.json
	for word in $(known_names <<<"$output"); do
		echo "$word"
		grep -q "^\.It Li .*\b$word\b" "$DOCS/vmcg-json.7"
	done
	[ "$(known_names <<<"$output" | wc -w)" -ge 10 ]
	"$VMCG" host --format json >got.json
	diff -u <(jq -r 'keys - ["processes"] | .[]' host.json) \
		<(jq -r 'keys - ["processes", "roots", "delegated"] | .[]' got.json)
}

@test "vmcg-json(7): the record is one that list, show and paths take, and they print what stands there" {
	examples
	mkdir -m 700 run
	cp record.json run/demo.json
	"$VMCG" --root run --policy none.json --format json list >got.json
	# Nothing runs, and there is no group.
	diff -u <(jq '.[] |= (.running = false | .this_boot = false | .frozen = null | del(.memory, .cpu))' list.json) <(jq . got.json)
	"$VMCG" --root run --policy none.json --format json show demo >got.json
	diff -u <(jq -r 'keys_unsorted[]' show.json) <(jq -r 'keys_unsorted[]' got.json)
	diff -u <(jq -c '.settings[0] | keys_unsorted' show.json) <(jq -c '.settings[0] | keys_unsorted' got.json)
	diff -u <(jq .devices show.json) <(jq .devices got.json)
	jq -e '.threads == null and .vcpus == null and .usage == {} and .processes == []
		and all(.settings[]; .live == null and .differs)' got.json
	run -0 --separate-stderr "$VMCG" --root run --policy none.json --format json paths demo
	[ "$output" = '{}' ]
	jq --arg boot "$(cat /proc/sys/kernel/random/boot_id)" '.boot = $boot' record.json >run/demo.json
	"$VMCG" --root run --policy none.json --format json paths demo >got.json
	diff -u paths.json <(jq -c . got.json | sed 's/":"/": "/')
	"$VMCG" --root run --policy none.json --format json device list demo >got.json
	diff -u <(shape device-list.json) <(shape got.json)
	# and it has every member there is
	jq '. + {"?": 1}' record.json >run/demo.json
	run -4 "$VMCG" --root run --policy none.json show demo
	diff -u <(known_names <<<"$output" | xargs -n 1 | sort) <(jq -r 'keys[]' record.json | sort)
}

@test "vmcg-json(7), vmcg(8): the kinds of drift, all and no others" {
	examples
	want=$(grep -o '\[DRIFT_[A-Z]*\] = "[a-z]*"' "$TOP/hook/drift.c" | cut -d '"' -f 2 | sort)
	[ "$(wc -w <<<"$want")" -ge 7 ]
	diff -u <(echo "$want") <(items "$DOCS/vmcg-json.7" CHECK Cm | sort)
	diff -u <(echo "$want") <(awk '/^\.S[hs] / { on = $0 == ".Ss What has drifted" }
		on && $1 == ".It" { print $2 }' "$DOCS/vmcg.8" | sort)
	jq -e 'keys == ["drift", "id"] and all(.drift[]; keys == ["live", "recorded", "what", "where", "why"])' check.json
}

@test "vmcg-json(7): gc and features print the members that stand there" {
	examples
	mkdir -m 700 run
	jq '.boot = "another" | .id = "old"' record.json >run/old.json
	"$VMCG" --root run --policy none.json --format json gc >got.json
	diff -u <(jq -c '.[1] | keys_unsorted' gc.json) <(jq -c '.[0] | keys_unsorted' got.json)
	"$VMCG" --policy none.json features >got.json
	diff -u <(jq -c 'del(.vmcg.host.devices, .vmcg.host.controllers) | [paths(type != "array") | map(strings)] | unique[]' features.json) \
		<(jq -c 'del(.vmcg.host.devices, .vmcg.host.controllers) | [paths(type != "array") | map(strings)] | unique[]' got.json)
	diff -u <(jq '{hooks, linux, potentiallyUnsafeConfigAnnotations}' features.json) \
		<(jq '{hooks, linux, potentiallyUnsafeConfigAnnotations}' got.json)
}

@test "vmcg-json(7): a log line has the members that stand there" {
	examples
	run -4 --separate-stderr "$VMCG" --log-format json --policy none.json --root /nowhere/vmcg show demo
	diff -u <(jq -c 'keys_unsorted' log.json) <(jq -c 'keys_unsorted' <<<"$stderr")
}

# --- the examples ---

@test "examples: every JSON file is JSON, and every hook names a stage that exists" {
	for file in "$DOCS"/examples/*.json "$DOCS"/examples/hooks.d*/*.json "$DOCS"/examples/hooks.d/podman/*.json; do
		echo "$file"
		jq -e . "$file" >/dev/null
		jq -r '(.hooks // {}) | to_entries[] | .key as $k | .value[] | [$k] + .args | join(" ")' "$file" |
			while read -r stage program arg rest; do
				echo "$stage: $program $arg $rest"
				[ "$program" = vmcg ] && [ "$arg" = "$stage" ] && [ -z "$rest" ]
				help_words commands | grep -qx "$stage"
			done
	done
}

@test "examples: hooks.d files are of version 1.0.0, and have one condition" {
	for file in "$DOCS"/examples/hooks.d*/*.json "$DOCS"/examples/hooks.d/podman/*.json; do
		echo "$file"
		stage=$(basename "$file" .json)
		stage=${stage#vmcg-}
		by=$(basename "$(dirname "$file")")
		jq -e --arg stage "$stage" --arg by "$by" '
			.version == "1.0.0"
			and (keys - ["version", "hook", "when", "stages"]) == []
			and (.hook | keys - ["path", "args", "env", "timeout"]) == []
			and (.hook.path | startswith("/"))
			and .hook.args == ["vmcg", $stage]
			and .hook.timeout > 30
			and (.when | keys) == (if $by == "hooks.d-by-command" then ["commands"] else ["annotations"] end)
			and ([.when.annotations // {} | to_entries[] | .key, .value | test("^\\^.*\\$$")] | all)
			and ([.when.commands // [] | .[] | test("^.*\\$$")] | all)
			and .stages == [$stage]' "$file"
	done
	# CRI-O refuses to start with a stage that it does not know in the directory.
	[ "$(cd "$DOCS/examples/hooks.d" && echo *.json podman/*)" = \
		"vmcg-createRuntime.json vmcg-poststart.json vmcg-poststop.json podman/vmcg-precreate.json" ]
	# Of the two sets the hooks are the same.
	for file in "$DOCS"/examples/hooks.d/*.json; do
		diff <(jq 'del(.when)' "$file") <(jq 'del(.when)' "$DOCS/examples/hooks.d-by-command/${file##*/}")
	done
}

@test "examples: the commands are those of hypervisors, with or without a path" {
	pattern=$(jq -r '.when.commands[0]' "$DOCS/examples/hooks.d-by-command/vmcg-createRuntime.json")
	for command in /usr/bin/qemu-system-x86_64 qemu-kvm /usr/libexec/qemu-kvm cloud-hypervisor /opt/firecracker crosvm; do
		grep -qE "$pattern" <<<"$command"
	done
	for command in qemu-img /usr/bin/qemu-system-x86_64/x sh not-firecracker; do
		run ! grep -qE "$pattern" <<<"$command"
	done
}

@test "examples: config.json asks for the hook by the condition of hooks.d" {
	read -r key value < <(jq -r '.when.annotations | to_entries[] | .key + " " + .value' \
		"$DOCS/examples/hooks.d/vmcg-createRuntime.json")
	jq -e --arg k "$key" --arg v "$value" '
		.annotations | to_entries | any((.key | test($k)) and (.value | test($v)))' "$DOCS/examples/config.json"
}

@test "examples: config.json and policy.json plan on every layout" {
	for host in unified hybrid legacy; do
		echo "$host"
		run -0 --separate-stderr "$VMCG" plan --config "$DOCS/examples/config.json" \
			--policy "$DOCS/examples/policy.json" --host "$TOP/tests/golden/hosts/$host.json" --format json
		[ -z "$stderr" ]
		jq -e '.target.path == "/vms/vm1"
			and .warnings - ["hypervisor device /dev/iommu is not on this host"] == []
			and ([.steps[].why] | index("/linux/resources/memory/limit")) != null
			and ([.devices.rules[].why] | index("hypervisor:/dev/kvm")) != null' <<<"$output"
	done
}

@test "examples: systemd has nothing to say about the unit, which runs a command that exists" {
	unit=$DOCS/examples/systemd/vmcg-gc.service
	read -r program command < <(sed -n 's/^ExecStart=//p' "$unit")
	[ "$program" = /usr/local/sbin/vmcg ]
	help_words commands | grep -qx "$command"
	# These would take away what it works on.
	run ! grep -E '^(ProtectControlGroups|ProtectProc|PrivateUsers|ReadOnlyPaths|InaccessiblePaths)=' "$unit"
	if command -v systemd-analyze >/dev/null; then
		# Where the program is not installed, that is no fault of the unit.
		sed "s|$program|$VMCG|" "$unit" >"$BATS_TEST_TMPDIR/vmcg-gc.service"
		run -0 systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/vmcg-gc.service"
		[ -z "$output" ]
	fi
}

@test "examples: the policy is that of vmcg-json(7)" {
	examples
	diff -u <(jq . policy.json) <(jq . "$DOCS/examples/policy.json")
}

# --- the support matrix ---

# The block between the markers in the readme.
matrix() {
	sed -n '/^<!-- matrix: /,/^<!-- end -->/p' "$TOP/README.md"
}

# What tests/rig/matrix prints for guests that have nothing to report: the table's shape.
empty_matrix() {
	mkdir -p "$BATS_TEST_TMPDIR/tests" "$BATS_TEST_TMPDIR/build"
	cp -r "$TOP/tests/rig" "$BATS_TEST_TMPDIR/tests/"
	awk '!/^#/ && NF { print $1 }' "$TOP/tests/rig/guests" | while read -r guest; do
		mkdir -p "$BATS_TEST_TMPDIR/build/rig/$guest/results"
		echo "# guest   $guest" >"$BATS_TEST_TMPDIR/build/rig/$guest/results/output"
	done
	"$BATS_TEST_TMPDIR/tests/rig/matrix"
}

@test "README: the support matrix has a row for every caller, a field for every guest and manager" {
	want=$(empty_matrix | grep '^|')
	got=$(matrix | grep '^|')
	[ "$(wc -l <<<"$want")" -ge 7 ]
	diff -u <(head -n 2 <<<"$want") <(head -n 2 <<<"$got")
	diff -u <(tail -n +3 <<<"$want" | cut -d '|' -f 2) <(tail -n +3 <<<"$got" | cut -d '|' -f 2)
	n=$(head -n 1 <<<"$want" | awk -F '|' '{ print NF }')
	tail -n +3 <<<"$got" | awk -F ' *[|] *' -v n="$n" '
		NF != n { print "not " n " columns: " $0; bad = 1 }
		{ for (i = 3; i < NF; i++) if ($i !~ /^(yes|\[[0-9]+\])$/) { print "field " i ": \"" $i "\": " $0; bad = 1 } }
		END { exit bad }'
	# Each number has its note, and each note is used.
	diff -u <(grep -o '\[[0-9]*\]' <<<"$got" | tr -d '[]' | sort -nu) <(matrix | sed -n 's/^\([0-9]*\)\. .*/\1/p')
	# What ran there.
	for guest in $(awk '!/^#/ && NF { print $1 }' "$TOP/tests/rig/guests"); do
		matrix | grep -q "^- $guest: .*kernel .*systemd .*runc .*crun .*podman "
	done
}

# --- installation ---

@test "install: everything where it belongs, with the paths of this installation" {
	dest=$BATS_TEST_TMPDIR/dest
	make -s -C "$TOP" install DESTDIR="$dest" prefix=/usr
	diff -u - <(cd "$dest" && find . -type f -printf '%m %P\n' | sort -k 2) <<-'END'
		644 usr/lib/systemd/system/vmcg-gc.service
		755 usr/sbin/vmcg
		644 usr/share/bash-completion/completions/vmcg
		644 usr/share/doc/vmcg/examples/README
		644 usr/share/doc/vmcg/examples/cdi-vmcg.json
		644 usr/share/doc/vmcg/examples/config.json
		644 usr/share/doc/vmcg/examples/containerd-vmcg.toml
		644 usr/share/doc/vmcg/examples/crio-vmcg.conf
		644 usr/share/doc/vmcg/examples/hooks.d-by-command/vmcg-createRuntime.json
		644 usr/share/doc/vmcg/examples/hooks.d-by-command/vmcg-poststart.json
		644 usr/share/doc/vmcg/examples/hooks.d-by-command/vmcg-poststop.json
		644 usr/share/doc/vmcg/examples/hooks.d/podman/vmcg-precreate.json
		644 usr/share/doc/vmcg/examples/hooks.d/vmcg-createRuntime.json
		644 usr/share/doc/vmcg/examples/hooks.d/vmcg-poststart.json
		644 usr/share/doc/vmcg/examples/hooks.d/vmcg-poststop.json
		644 usr/share/doc/vmcg/examples/policy.json
		644 usr/share/doc/vmcg/examples/runc-hooks.json
		644 usr/share/man/man7/vmcg-json.7
		644 usr/share/man/man8/vmcg.8
	END
	run ! grep -rn /usr/local "$dest/usr/share" "$dest/usr/lib"
	grep -qx "ExecStart=/usr/sbin/vmcg gc" "$dest/usr/lib/systemd/system/vmcg-gc.service"
	for file in "$dest"/usr/share/doc/vmcg/examples/hooks.d/{,podman/}*.json; do
		[ "$(jq -r .hook.path "$file")" = /usr/sbin/vmcg ]
	done
	"$dest/usr/sbin/vmcg" --version
	bash -n "$dest/usr/share/bash-completion/completions/vmcg"
}

@test "readme: every link into the tree leads to a file" {
	local link missing=0

	while read -r link; do
		[ -e "$TOP/$link" ] || { echo "$link"; missing=1; }
	done < <(grep -o '](\([^)#]*\))' "$TOP/README.md" | sed 's/.*](\(.*\))/\1/' | grep -v '^http')
	[ "$missing" = 0 ]
}
