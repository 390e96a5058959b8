/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_command - vmcg plan: the steps of setup, printed
 */
#include <string.h>

#include "hook/input.h"
#include "hook/setup.h"

/* A document of the plan command; what is not named is made up or looked for here. */
static int read_state_file(struct setup *s, const char *file, struct error *e)
{
	const char *bytes;
	size_t len, used;
	int r;

	if (!file) {
		s->state = (struct oci_state){.id = "plan"};
		return 0;
	}
	r = input_file(&bytes, &len, file, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s: no such file", file);
	if (r < 0 || oci_state_parse(&s->state, &used, s->arena, bytes, len, e) < 0)
		return -1;
	if (used < len && strspn(bytes + used, " \t\r\n") < len - used) {
		/* The config may follow, as on the hook's standard input. */
		if (s->context->options.config)
			return error_set(e, ERROR_INPUT,
					 "%s: holds a config as well, but --config names another",
					 file);
		return oci_config_parse(&s->config, s->arena, bytes + used, len - used, e) < 0 ? -1
											       : 1;
	}
	return 0;
}

static int read_config_file(struct setup *s, struct error *e)
{
	const char *file = s->context->options.config;
	const char *bytes;
	size_t len;
	int r;

	if (!file && s->state.bundle)
		file = arena_printf(s->arena, "%s/config.json", s->state.bundle);
	if (!file)
		file = "config.json";
	r = input_file(&bytes, &len, file, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s: no such file (--config names it)", file);
	return r < 0 ? -1 : oci_config_parse(&s->config, s->arena, bytes, len, e);
}

int plan_command(struct context *c, struct error *e)
{
	struct setup s = {.context = c, .arena = c->arena, .held = PROCS_NONE};
	int r;

	r = read_state_file(&s, c->options.state, e);
	if (r == 0)
		r = read_config_file(&s, e);
	if (r >= 0)
		r = setup_plan(&s, c->options.host, e);
	if (r == 0)
		setup_print(&s);
	setup_release(&s);
	return r;
}
