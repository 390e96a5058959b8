/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_message - properties in and out of D-Bus messages
 */
#include "hook/systemd_work.h"

#include <errno.h>
#include <string.h>

/* --- out --- */

static int put_items(struct systemd *s, sd_bus_message *m, const struct unit_property *p)
{
	const char *element = p->type + 1; /* behind the a */
	int r = s->lib.sd_bus_message_open_container(m, 'a', element);

	for (size_t i = 0; i < p->n_items && r >= 0; i++) {
		const struct unit_item *item = &p->items[i];

		if (strcmp(element, "s") == 0)
			r = s->lib.sd_bus_message_append(m, "s", item->key);
		else if (strcmp(element, "u") == 0)
			r = item->number > UINT32_MAX
				? -ERANGE
				: s->lib.sd_bus_message_append(m, "u", (uint32_t)item->number);
		else if (strcmp(element, "(ss)") == 0)
			r = s->lib.sd_bus_message_append(m, "(ss)", item->key, item->text);
		else if (strcmp(element, "(st)") == 0)
			r = s->lib.sd_bus_message_append(m, "(st)", item->key, item->number);
		else
			r = -EINVAL;
	}
	return r < 0 ? r : s->lib.sd_bus_message_close_container(m);
}

static int put_value(struct systemd *s, sd_bus_message *m, const struct unit_property *p)
{
	if (strcmp(p->type, "b") == 0)
		return s->lib.sd_bus_message_append(m, "b", p->number != 0);
	if (strcmp(p->type, "t") == 0)
		return s->lib.sd_bus_message_append(m, "t", p->number);
	if (strcmp(p->type, "s") == 0)
		return s->lib.sd_bus_message_append(m, "s", p->text);
	if (strcmp(p->type, "ay") == 0)
		return s->lib.sd_bus_message_append_array(m, 'y', p->bytes, p->n_bytes);
	return p->type[0] == 'a' ? put_items(s, m, p) : -EINVAL;
}

static int put_property(struct systemd *s, sd_bus_message *m, const struct unit_property *p)
{
	int r;

	r = s->lib.sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = s->lib.sd_bus_message_append(m, "s", p->name);
	if (r >= 0)
		r = s->lib.sd_bus_message_open_container(m, 'v', p->type);
	if (r >= 0)
		r = put_value(s, m, p);
	if (r >= 0)
		r = s->lib.sd_bus_message_close_container(m);
	if (r >= 0)
		r = s->lib.sd_bus_message_close_container(m);
	return r;
}

bool systemd_listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

int systemd_put(struct systemd *s, sd_bus_message *m, const struct unit_properties *p,
		const char *const *left_out)
{
	int r;

	r = s->lib.sd_bus_message_open_container(m, 'a', "(sv)");
	for (size_t i = 0; i < p->n && r >= 0; i++)
		if (!systemd_listed(left_out, p->list[i].name))
			r = put_property(s, m, &p->list[i]);
	return r < 0 ? r : s->lib.sd_bus_message_close_container(m);
}

/* --- in --- */

static const char *copy(struct systemd *s, const char *text)
{
	return arena_printf(s->arena, "%s", text);
}

/* One element into item: 1; 0 behind the last. */
static int take_item(struct unit_item *item, struct systemd *s, sd_bus_message *m,
		     const char *element)
{
	const char *key = "", *text = "";
	uint32_t small = 0;
	int r;

	*item = (struct unit_item){0};
	if (strcmp(element, "s") == 0)
		r = s->lib.sd_bus_message_read(m, "s", &key);
	else if (strcmp(element, "u") == 0)
		r = s->lib.sd_bus_message_read(m, "u", &small);
	else if (strcmp(element, "(ss)") == 0)
		r = s->lib.sd_bus_message_read(m, "(ss)", &key, &text);
	else
		r = s->lib.sd_bus_message_read(m, "(st)", &key, &item->number);
	if (r <= 0)
		return r;
	if (strcmp(element, "u") == 0)
		item->number = small;
	else
		item->key = copy(s, key);
	if (strcmp(element, "(ss)") == 0)
		item->text = copy(s, text);
	return 1;
}

static int take_items(struct unit_property *p, struct systemd *s, sd_bus_message *m)
{
	const char *element = p->type + 1;
	struct unit_item item;
	int r;

	r = s->lib.sd_bus_message_enter_container(m, 'a', element);
	while (r >= 0 && (r = take_item(&item, s, m, element)) > 0)
		*ARENA_APPEND(s->arena, p->items, p->n_items) = item;
	return r < 0 ? r : s->lib.sd_bus_message_exit_container(m);
}

static int take_bytes(struct unit_property *p, struct systemd *s, sd_bus_message *m)
{
	const void *bytes = NULL;
	size_t n = 0;
	int r;

	r = s->lib.sd_bus_message_read_array(m, 'y', &bytes, &n);
	if (r < 0)
		return r;
	p->bytes = (const unsigned char *)arena_copy(s->arena, n ? bytes : "", n);
	p->n_bytes = n;
	return 0;
}

/* The value inside the variant, whose type is known to be one of ours. */
static int take_value(struct unit_property *p, struct systemd *s, sd_bus_message *m)
{
	const char *text;
	int r, truth;

	if (strcmp(p->type, "b") == 0) {
		r = s->lib.sd_bus_message_read(m, "b", &truth);
		p->number = r > 0 && truth;
		return r;
	}
	if (strcmp(p->type, "t") == 0)
		return s->lib.sd_bus_message_read(m, "t", &p->number);
	if (strcmp(p->type, "s") == 0) {
		r = s->lib.sd_bus_message_read(m, "s", &text);
		p->text = r > 0 ? copy(s, text) : NULL;
		return r;
	}
	return strcmp(p->type, "ay") == 0 ? take_bytes(p, s, m) : take_items(p, s, m);
}

/* Our own text of a type that struct unit_property knows, else NULL. */
static const char *known_type(const char *type)
{
	static const char *const types[] = {"b", "t", "s", "as", "au", "ay", "a(ss)", "a(st)"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i], type) == 0)
			return types[i];
	return NULL;
}

/* One entry of the dictionary, behind its name. */
static int take_property(struct unit_properties *ret, struct systemd *s, sd_bus_message *m,
			 const char *name, bool wanted)
{
	const char *contents = NULL, *type;
	struct unit_property *p;
	int r;

	r = s->lib.sd_bus_message_peek_type(m, NULL, &contents);
	if (r < 0)
		return r;
	type = contents ? known_type(contents) : NULL;
	if (!type || !wanted)
		return s->lib.sd_bus_message_skip(m, "v");
	p = ARENA_APPEND(s->arena, ret->list, ret->n);
	p->name = copy(s, name);
	p->type = type;
	r = s->lib.sd_bus_message_enter_container(m, 'v', type);
	if (r >= 0)
		r = take_value(p, s, m);
	return r < 0 ? r : s->lib.sd_bus_message_exit_container(m);
}

int systemd_take(struct unit_properties *ret, struct systemd *s, sd_bus_message *m,
		 const char *const *names)
{
	const char *name;
	int r;

	r = s->lib.sd_bus_message_enter_container(m, 'a', "{sv}");
	while (r >= 0 && (r = s->lib.sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = s->lib.sd_bus_message_read(m, "s", &name);
		if (r >= 0)
			r = take_property(ret, s, m, name, systemd_listed(names, name));
		if (r >= 0)
			r = s->lib.sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : s->lib.sd_bus_message_exit_container(m);
}
