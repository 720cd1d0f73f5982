#include "stream/topics-private.h"

static const char *const class_names[EVENT_CLASS_COUNT + 1] = {
    [EVENT_CLASS_STATE] = "state",     [EVENT_CLASS_VITALS] = "vitals",
    [EVENT_CLASS_METRICS] = "metrics", [EVENT_CLASS_FEED] = "feed",
    [EVENT_CLASS_ACCESS] = "access",   [EVENT_CLASS_CUSTOM] = "custom",
    [EVENT_CLASS_JOBS] = "jobs",
};
static const char known_topics[] = "state, vitals, metrics, feed, access, jobs, custom";

enum {
    LIMIT_TOPIC_TEXT = 300,
    ALL_BUT_METRICS = (1u << EVENT_CLASS_COUNT) - 1u - (1u << EVENT_CLASS_METRICS)
};

const char *event_class_name(enum event_class c)
{
    return (unsigned)c < EVENT_CLASS_COUNT ? class_names[c] : "?";
}

uint64_t event_topics_hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h ? h : 1;
}

static int class_of(const char *name, size_t n)
{
    for (int i = 0; i < EVENT_CLASS_COUNT; i++)
        if (strlen(class_names[i]) == n && !memcmp(class_names[i], name, n))
            return i;
    return -EINVAL;
}

static int unknown_topic(const char *word, struct err *e)
{
    char name[64];
    str_copy(name, sizeof name, word);
    name[strcspn(name, "/")] = '\0';
    const char *near = str_nearest(name, class_names);
    if (near)
        return err_set(e, -EINVAL, "There is no topic \"%s\". Did you mean \"%s\"? Topics are %s.",
                       name, near, known_topics);
    return err_set(e, -EINVAL, "There is no topic \"%s\". Topics are %s.", name, known_topics);
}

static int add_resource(struct event_topics *t, enum event_class topic, const char *resource,
                        struct err *e)
{
    uint64_t hash = event_topics_hash(resource);
    if (!*resource)
        return err_set(e, -EINVAL, "\"%s/\" names no resource. Ask for \"%s\" or \"%s/ID\".",
                       class_names[topic], class_names[topic], class_names[topic]);
    for (unsigned i = 0; i < t->n; i++)
        if (t->only[i].topic == topic && t->only[i].hash == hash)
            return 0;
    if (t->n == LIMIT_SUBSCRIBED_RESOURCES)
        return err_set(e, -EINVAL, "A stream follows at most %d single resources. Ask for \"%s\".",
                       LIMIT_SUBSCRIBED_RESOURCES, class_names[topic]);
    t->only[t->n].topic = topic;
    t->only[t->n++].hash = hash;
    return 0;
}

static int add_topic(struct event_topics *t, const char *word, struct err *e)
{
    size_t n = strcspn(word, "/");
    int topic = class_of(word, n);
    if (topic < 0)
        return unknown_topic(word, e);
    if (word[n])
        return add_resource(t, (enum event_class)topic, word + n + 1, e);
    t->classes |= 1u << topic;
    return 0;
}

/* Cuts the next word off *text, without blanks around it. -EINVAL when it is too long. */
static int next_word(const char **text, char ret_word[LIMIT_TOPIC_TEXT], struct err *e)
{
    const char *p = *text + strspn(*text, " \t");
    size_t n = strcspn(p, ",");
    *text = p + n + (p[n] == ',');
    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    if (n >= LIMIT_TOPIC_TEXT)
        return err_set(e, -EINVAL, "A topic has at most %d characters.", LIMIT_TOPIC_TEXT - 1);
    memcpy(ret_word, p, n);
    ret_word[n] = '\0';
    return 0;
}

int event_topics_parse(const char *text, struct event_topics *ret_topics, struct err *e)
{
    struct event_topics t = {0};
    char word[LIMIT_TOPIC_TEXT] = "";
    if (str_is_empty(text))
        t.classes = ALL_BUT_METRICS;
    while (!str_is_empty(text)) {
        int r = next_word(&text, word, e);
        if (r == 0 && *word)
            r = add_topic(&t, word, e);
        if (r < 0)
            return r;
    }
    if (!t.classes && !t.n)
        return err_set(e, -EINVAL, "No topic is named. Topics are %s.", known_topics);
    *ret_topics = t;
    return 0;
}

void topic_filter_init(struct topic_filter *f, const struct event_topics *topics)
{
    *f = (struct topic_filter){.classes = topics->classes, .n = topics->n};
    if (!f->n)
        return;
    f->only = mem_array(f->n, sizeof *f->only);
    for (unsigned i = 0; i < f->n; i++)
        f->only[i] = (struct topic_resource){topics->only[i].hash, topics->only[i].topic};
}

void topic_filter_done(struct topic_filter *f)
{
    mem_free(f->only);
    *f = (struct topic_filter){0};
}

bool topic_filter_has_resource(const struct topic_filter *f, enum event_class topic,
                               uint64_t resource)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->only[i].topic == topic && f->only[i].hash == resource)
            return true;
    return false;
}
