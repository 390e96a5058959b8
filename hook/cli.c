/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli - the command line: one table of commands and one of options
 */
#include "hook/cli.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hook/add.h"
#include "hook/check.h"
#include "hook/device.h"
#include "hook/features.h"
#include "hook/gc.h"
#include "hook/inspect.h"
#include "hook/list.h"
#include "hook/poststart.h"
#include "hook/precreate.h"
#include "hook/setup.h"
#include "hook/show.h"
#include "hook/teardown.h"
#include "hook/update.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int inside_container(struct context *c, struct error *e)
{
	return error_set(
	    e, ERROR_USAGE,
	    "%s runs inside the container, where the host's cgroups cannot be reached; "
	    "configure the hook as createRuntime and poststop",
	    c->command->name);
}

/* Arguments of one command line; the kernel's own bound of kernel.pid_max. */
enum { MANY = 1024, PID_LARGEST = 4194304 };

/* What the first seven take: one list of arguments may stand in the hooks of all stages. */
#define TAKES_STAGE (TAKES_SETUP | TAKES_DRY_RUN)

static const struct command commands[] = {
    {"prestart", "", "set up the container whose state is on standard input", setup_command,
     SANDBOX_WORK, 0, 0, true, true, TAKES_STAGE},
    {"createRuntime", "", "the same; the second of the two is a no-op", setup_command, SANDBOX_WORK,
     0, 0, true, true, TAKES_STAGE},
    {"poststart", "", "find and place the VM process if setup could not", poststart_command,
     SANDBOX_WORK, 0, 0, true, true, TAKES_STAGE},
    {"poststop", "", "take down what was set up; nothing left is success", teardown_poststop,
     SANDBOX_WORK, 0, 0, true, true, TAKES_STAGE | TAKES_ANY_POLICY},
    {"createContainer", "", "refused: runs inside the container", inside_container, SANDBOX_LOOK, 0,
     0, true, false, TAKES_STAGE},
    {"startContainer", "", "refused: runs inside the container", inside_container, SANDBOX_LOOK, 0,
     0, true, false, TAKES_STAGE},
    {"precreate", "", "podman's filter: config.json in, with the hypervisor's devices out",
     precreate_command, SANDBOX_LOOK, 0, 0, true, false, TAKES_STAGE},
    {"plan", "", "print the steps of setup, change nothing", plan_command, SANDBOX_LOOK, 0, 0,
     false, true, TAKES_SETUP | TAKES_DOCUMENTS},
    {"host", "", "print the host facts that a plan is made from", inspect_host, SANDBOX_LOOK, 0, 0,
     false, true, 0},
    {"list", "", "the containers under management", list_command, SANDBOX_LOOK, 0, 0, false, false,
     0},
    {"show", "ID", "one of them: settings, devices, processes, usage", show_command, SANDBOX_LOOK,
     1, 1, false, false, 0},
    {"paths", "ID", "its cgroup in each hierarchy", inspect_paths, SANDBOX_LOOK, 1, 1, false, false,
     0},
    {"add", "ID PID...", "place more processes (virtiofsd, vhost-user daemons)", add_command,
     SANDBOX_WORK, 2, MANY, false, true, TAKES_DRY_RUN},
    {"update", "ID", "apply its settings again, or change its limits (--resources)", update_command,
     SANDBOX_WORK, 1, 1, false, true, TAKES_DRY_RUN | TAKES_RESOURCES},
    {"device", "list|add|remove ID [PATH...]", "its devices; allow or revoke some", device_command,
     SANDBOX_WORK, 2, MANY, false, true, TAKES_DRY_RUN},
    {"check", "ID", "compare what is set with what was recorded; 7: they differ", check_command,
     SANDBOX_WORK, 1, 1, false, true, 0},
    {"destroy", "ID", "take it down now", teardown_destroy, SANDBOX_WORK, 1, 1, false, true,
     TAKES_DRY_RUN | TAKES_ANY_POLICY},
    {"gc", "", "take down what is recorded but dead", gc_command, SANDBOX_WORK, 0, 0, false, true,
     TAKES_DRY_RUN | TAKES_ANY_POLICY},
    {"features", "", "what this build and this host can do, as JSON", features_command,
     SANDBOX_LOOK, 0, 0, false, true, 0},
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_PID, OPTION_WORD };

struct option {
	const char *name, *arg, *what;
	enum option_kind kind;
	size_t offset;     /* in struct options */
	const char *words; /* OPTION_WORD: blank-separated; the first is value first, ... */
	int first;
	unsigned of; /* the commands that take it, TAKES_...; 0: all */
};

#define AT(field) offsetof(struct options, field)

static const struct option options[] = {
    {"--root", "DIR", "run directory [/run/vmcg; rootless $XDG_RUNTIME_DIR/vmcg]", OPTION_TEXT,
     AT(root), NULL, 0, 0},
    {"--cgroup-manager", "auto|cgroupfs|systemd", "who makes the cgroup [auto]", OPTION_WORD,
     AT(manager), "auto cgroupfs systemd", CHOICE_AUTO, TAKES_SETUP},
    {"--systemd-cgroup", NULL, "the same as --cgroup-manager systemd", OPTION_WORD, AT(manager),
     NULL, MANAGER_SYSTEMD, TAKES_SETUP},
    {"--mode", "auto|own|adopt", "make a cgroup, or tune the runtime's [auto]", OPTION_WORD,
     AT(mode), "auto own adopt", CHOICE_AUTO, TAKES_SETUP},
    {"--vm-pid", "PID", "the VM process", OPTION_PID, AT(vm_pid), NULL, 0, TAKES_SETUP},
    {"--vm-pid-file", "FILE", "a file that holds its number", OPTION_TEXT, AT(vm_pid_file), NULL, 0,
     TAKES_SETUP},
    {"--policy", "FILE", "the administrator's policy [" POLICY_PATH "]", OPTION_TEXT, AT(policy),
     NULL, 0, 0},
    {"--state", "FILE", "plan: the state document, - is standard input", OPTION_TEXT, AT(state),
     NULL, 0, TAKES_DOCUMENTS},
    {"--config", "FILE", "plan: the config [./config.json]", OPTION_TEXT, AT(config), NULL, 0,
     TAKES_DOCUMENTS},
    {"--host", "FILE", "plan: host facts instead of this host's", OPTION_TEXT, AT(host), NULL, 0,
     TAKES_DOCUMENTS},
    {"--resources", "FILE", "update: a linux.resources object, - is standard input", OPTION_TEXT,
     AT(resources), NULL, 0, TAKES_RESOURCES},
    {"--format", "text|json", "form of the output [text]", OPTION_WORD, AT(json), "text json", 0,
     0},
    {"--dry-run", NULL, "print the steps instead of taking them", OPTION_FLAG, AT(dry_run), NULL, 0,
     TAKES_DRY_RUN},
    {"--log", "FILE", "log here instead of to standard error", OPTION_TEXT, AT(log), NULL, 0, 0},
    {"--log-format", "text|json", "form of the log [text]", OPTION_WORD, AT(log_json), "text json",
     0, 0},
    {"--debug", NULL, "log every step", OPTION_FLAG, AT(debug), NULL, 0, 0},
#ifdef VMCG_TEST
    {"--yard", "DIR", "plain directories in place of the cgroup mounts", OPTION_TEXT, AT(yard),
     NULL, 0, 0},
#endif
    {"--completion", NULL, "print a completion script for bash", OPTION_FLAG, AT(completion), NULL,
     0, 0},
    {"--version", NULL, "print the version", OPTION_FLAG, AT(version), NULL, 0, 0},
    {"--help", NULL, "print this", OPTION_FLAG, AT(help), NULL, 0, 0},
};

/* --- parsing --- */

static const struct option *find_option(const char *arg, size_t n)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (strlen(options[i].name) == n && strncmp(options[i].name, arg, n) == 0)
			return &options[i];
	return NULL;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Options of one word share a destination: an int counted from first, or a bool. */
static void store_word(const struct option *o, void *at, int value)
{
	if (o->offset == AT(manager) || o->offset == AT(mode))
		*(int *)at = value;
	else
		*(bool *)at = value;
}

static int set_word(const struct option *o, void *at, const char *value, struct error *e)
{
	const char *word = o->words;
	size_t len = strlen(value);

	for (int v = o->first; *word; v++) {
		size_t n = strcspn(word, " ");

		if (n == len && strncmp(word, value, n) == 0) {
			store_word(o, at, v);
			return 0;
		}
		word += n + strspn(word + n, " ");
	}
	return error_set(e, ERROR_USAGE, "%s: \"%s\" is none of %s", o->name, value, o->arg);
}

static int set_pid(const struct option *o, int64_t *at, const char *value, struct error *e)
{
	char *end;
	long long pid = strtoll(value, &end, 10);

	if (end == value || *end || value[0] == '+' || pid <= 0 || pid > PID_LARGEST)
		return error_set(e, ERROR_USAGE, "%s: \"%s\" is not a process number", o->name,
				 value);
	*at = pid;
	return 0;
}

static int set_option(struct options *to, const struct option *o, const char *value,
		      struct error *e)
{
	void *at = (char *)to + o->offset;

	switch (o->kind) {
	case OPTION_FLAG: *(bool *)at = true; return 0;
	case OPTION_TEXT:
		if (!*value)
			return error_set(e, ERROR_USAGE, "%s: the value is empty", o->name);
		*(const char **)at = value;
		return 0;
	case OPTION_PID: return set_pid(o, at, value, e);
	case OPTION_WORD:
		if (o->words)
			return set_word(o, at, value, e);
		store_word(o, at, o->first);
		return 0;
	}
	return 0;
}

/* One option at argv[*at]; moves *at over its value. */
static int parse_option(struct context *c, int argc, char *const *argv, int *at, unsigned *seen,
			struct error *e)
{
	const char *arg = argv[*at];
	const char *equals = strchr(arg, '=');
	size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct option *o = find_option(arg, n);
	const char *value = equals ? equals + 1 : NULL;

	if (!o)
		return error_set(e, ERROR_USAGE, "unknown option \"%s\"; see vmcg --help", arg);
	if (!o->arg && value)
		return error_set(e, ERROR_USAGE, "%s takes no value", o->name);
	if (o->arg && !value) {
		if (*at + 1 >= argc)
			return error_set(e, ERROR_USAGE, "%s needs a value: %s", o->name, o->arg);
		value = argv[++*at];
	}
	if (set_option(&c->options, o, value ? value : "", e) < 0)
		return -1;
	*seen |= 1U << (o - options);
	return 0;
}

/* The commands that take an option, on one line. */
static const char *takers(const struct option *o, struct arena *a)
{
	const char *list = NULL;

	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].takes & o->of && commands[i].run != inside_container)
			list = list ? arena_printf(a, "%s, %s", list, commands[i].name)
				    : commands[i].name;
	return list;
}

/* An option that would do nothing is a mistake about what the command does. */
static int refuse_foreign(const struct context *c, unsigned seen, struct error *e)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (seen & 1U << i && options[i].of && !(options[i].of & c->command->takes))
			return error_set(e, ERROR_USAGE, "%s has no effect on %s; it is for %s",
					 options[i].name, c->command->name,
					 takers(&options[i], c->arena));
	return 0;
}

static int check_line(struct context *c, const char *name, unsigned seen, struct error *e)
{
	if (c->options.help || c->options.version || c->options.completion)
		return 0;
	if (!name)
		return error_set(e, ERROR_USAGE, "no command; see vmcg --help");
	if (!c->command)
		return error_set(e, ERROR_USAGE, "unknown command \"%s\"; see vmcg --help", name);
	if (refuse_foreign(c, seen, e) < 0)
		return -1;
	if (c->n_args < c->command->min_args || c->n_args > c->command->max_args)
		return error_set(e, ERROR_USAGE, "usage: vmcg [OPTIONS] %s%s%s", name,
				 *c->command->args ? " " : "", c->command->args);
	return 0;
}

int cli_parse(struct context *c, int argc, char *const *argv, struct error *e)
{
	const char *name = NULL;
	bool options_end = false;
	unsigned seen = 0;

	c->options.manager = CHOICE_AUTO;
	c->options.mode = CHOICE_AUTO;
	for (int i = 1; i < argc; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = true;
		} else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
			if (parse_option(c, argc, argv, &i, &seen, e) < 0)
				return -1;
		} else if (!name) {
			name = argv[i];
			c->command = find_command(name);
		} else {
			*ARENA_APPEND(c->arena, c->args, c->n_args) = argv[i];
		}
	}
	return check_line(c, name, seen, e);
}

/* --- help --- */

const char *cli_command_name(size_t i)
{
	return i < COUNT(commands) ? commands[i].name : NULL;
}

/* What a command does stands behind it, or on a line of its own where it does not fit. */
static void put_command(struct text *out, const struct command *c)
{
	int width = 18, n = (int)(strlen(c->name) + 1 + strlen(c->args));
	bool fits = n < width;

	text_printf(out, "  %s %s%s%*s%s\n", c->name, c->args, fits ? "" : "\n",
		    fits ? width - n : width + 3, "", c->what);
}

void cli_help(struct text *out)
{
	text_puts(out,
		  "usage: vmcg [OPTIONS] COMMAND [ARGS]\n\n"
		  "Puts the virtual machine inside a container into its control group, under the\n"
		  "limits of the container's config.json, and takes everything down again.\n\n"
		  "commands:\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		put_command(out, &commands[i]);
	text_puts(out, "\noptions:\n");
	for (size_t i = 0; i < COUNT(options); i++)
		text_printf(out, "  %s%s%s\n        %s\n", options[i].name,
			    options[i].arg ? " " : "", options[i].arg ? options[i].arg : "",
			    options[i].what);
	text_puts(
	    out, "\nexit codes: 0 done, 1 internal, 2 usage, 3 input refused, 4 host refused,\n"
		 "5 failed and undone, 6 failed and not wholly undone, 7 check found differences.\n"
		 "See vmcg(8).\n");
}

/* --- completion --- */

/* What may follow an option: one of its words, a directory, or a file (bash's default). */
static void complete_option(struct text *out, const struct option *o)
{
	if (o->words)
		text_printf(out, "\t%s) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n",
			    o->name, o->words);
	else if (o->arg && strcmp(o->arg, "DIR") == 0)
		text_printf(out, "\t%s) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n",
			    o->name);
	else if (o->arg)
		text_printf(out, "\t%s) return ;;\n", o->name);
}

/* Finds the command, how many words stand behind it, and the run directory that the line names. */
static void complete_scan(struct text *out)
{
	text_puts(out, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		       "\t\tcase ${COMP_WORDS[i]} in\n"
		       "\t\t=) ;;\n"
		       "\t\t-*)\n"
		       "\t\t\toption=${COMP_WORDS[i]}\n"
		       "\t\t\tcase $option in\n"
		       "\t\t\t");
	for (size_t i = 0, n = 0; i < COUNT(options); i++)
		if (options[i].arg)
			text_printf(out, "%s%s", n++ ? "|" : "", options[i].name);
	text_puts(out, ") ;;\n"
		       "\t\t\t*) continue ;;\n"
		       "\t\t\tesac\n"
		       "\t\t\ti=$((i + 1))\n"
		       "\t\t\t[ \"${COMP_WORDS[i]}\" = = ] && i=$((i + 1))\n"
		       "\t\t\t[ \"$option\" = --root ] && root=${COMP_WORDS[i]/#\\~/$HOME}\n"
		       "\t\t\t;;\n"
		       "\t\t*) if [ \"$command\" ]; then n=$((n + 1)); else "
		       "command=${COMP_WORDS[i]}; fi ;;\n"
		       "\t\tesac\n"
		       "\tdone\n");
}

/* What may stand behind a command: an ID first, for device behind what is to be done. */
static void complete_arguments(struct text *out)
{
	text_puts(out, "\tcase $cur:$command:$n in\n\t-*) ;;\n\t");
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strncmp(commands[i].args, "ID", 2) == 0)
			text_printf(out, "*:%s:0|", commands[i].name);
	text_puts(out, "*:device:1)\n"
		       "\t\tCOMPREPLY=($(compgen -W \"$(vmcg ${root:+--root \"$root\"} list "
		       "2>/dev/null | awk 'NR > 1 { print $1 }')\" -- \"$cur\"))\n"
		       "\t\treturn ;;\n"
		       "\t*:device:0) COMPREPLY=($(compgen -W \"list add remove\" -- \"$cur\")); "
		       "return ;;\n"
		       "\t*:?*:*) return ;;\n"
		       "\tesac\n");
}

void cli_completion(struct text *out)
{
	text_puts(out, "# bash completion for vmcg, made from its own tables\n"
		       "_vmcg() {\n"
		       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		       "\tlocal i n=0 command= option= root=\n"
		       "\t[ \"$cur\" = = ] && cur=\n"
		       "\t[ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
		       "\tcase $prev in\n");
	for (size_t i = 0; i < COUNT(options); i++)
		complete_option(out, &options[i]);
	text_puts(out, "\tesac\n");
	complete_scan(out);
	complete_arguments(out);
	text_puts(out, "\tCOMPREPLY=($(compgen -W \"");
	for (size_t i = 0; i < COUNT(commands); i++)
		text_printf(out, "%s ", commands[i].name);
	for (size_t i = 0; i < COUNT(options); i++)
		text_printf(out, "%s%s", i ? " " : "", options[i].name);
	text_puts(out, "\" -- \"$cur\"))\n}\ncomplete -o default -F _vmcg vmcg\n");
}
