def run(m, known):
    from portal.core.energy.rules.judging.register_judge import judge, learn
    from portal.core.energy.rules.judging.limits import RegisterFacts
    f = RegisterFacts(rated_watts=m.rated_watts if known else None, width_milliwh=m.width)
    j = judge(m.readings, learn(m.readings, f))
    sus = {(j.times[i], j.shown[i]) for s in j.suspects for i in range(s.first, s.last + 1)}
    return j.milliwh, sus, j.suspects or [x for x in j.links if x.kind != "rise"]
