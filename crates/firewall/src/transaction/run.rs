//! Running the rules of a phase.

use std::sync::Arc;

use crate::{
    Disruption, Interruption, Match, Mode, Phase, Step,
    program::{Effect, Link, Program},
    seclang::action::Allow,
};

use super::{
    state::{Running, State},
    text::TEXT_BYTES_MAX,
};

/// How a rule's evaluation lets its phase go on.
enum Flow {
    Next,
    Jump(u32),
    Stop,
}

impl State {
    /// Runs all rules of a phase.
    pub(crate) fn run(&mut self, program: &Program, phase: Phase) {
        self.columns.begin_phase();
        if self.mode == Mode::Off || self.is_allowed(phase) {
            return;
        }
        let Some(list) = program.phases.get(phase as usize - 1) else { return };
        let mut at = 0;
        while let Some(index) = list.get(at).copied() {
            let Some(running) = running(program, index) else { return };
            at += 1;
            if self.removed.contains(index as usize) {
                self.note(running, |_| Step::Removed);
                continue;
            }
            match self.rule(running) {
                Flow::Next => {}
                Flow::Jump(next) => {
                    let next = (next as usize).max(at);
                    self.note(running, |_| Step::Skipped {
                        to: running.rule.marker.as_deref().unwrap_or_default().to_owned(),
                        rules: next - at,
                    });
                    at = next;
                }
                Flow::Stop => return,
            }
            if self.mode == Mode::Off {
                return;
            }
        }
        self.refuse_exhaustion(phase);
    }

    fn is_allowed(&self, phase: Phase) -> bool {
        match self.allow {
            Some((Allow::All, _)) => phase != Phase::Logging,
            Some((Allow::Request, _)) => phase <= Phase::RequestBody,
            Some((Allow::Phase, since)) => since == phase,
            None => false,
        }
    }

    /// A full arena means that values were not looked at: that is no pass.
    fn refuse_exhaustion(&mut self, phase: Phase) {
        let refuses = self.values.is_exhausted()
            && self.interruption.is_none()
            && self.mode == Mode::On
            && phase != Phase::Logging;
        if refuses {
            self.interruption =
                Some(Interruption { status: 413, rule_id: 0, phase, action: Disruption::Deny });
        }
    }

    fn rule(&mut self, running: Running<'_>) -> Flow {
        self.matched.clear();
        let first = running.rule.first as usize;
        let last = first + running.rule.count as usize;
        let links = running.program.links.get(first..last).unwrap_or_default();
        for (depth, link) in links.iter().enumerate() {
            if !self.link(link, depth, running) {
                return Flow::Next;
            }
        }
        for link in links.iter().rev() {
            for deed in &link.after {
                self.act(deed, running);
            }
        }
        let is_logged_already = running.head.multi && running.rule.count == 1;
        if !is_logged_already {
            self.log(message_link(links, running.head), running);
        }
        self.end(running)
    }

    /// Records a match, if the rule wants to be seen.
    pub(crate) fn log(&mut self, link: &Link, running: Running<'_>) {
        let rule = running.rule;
        if let Some(severity) = rule.severity {
            let worst = self.highest_severity.map_or(severity, |worst| worst.min(severity));
            self.highest_severity = Some(worst);
        }
        let limits = self.options.limits.as_ref().unwrap_or(&running.program.settings.limits);
        if !(rule.logged || rule.audited) || self.matches.len() >= limits.matches_max {
            return;
        }
        let mut name = Vec::new();
        if let Some(last) = self.matched.last().copied() {
            self.matched_name(&last, running.program, &mut name);
            name.truncate(TEXT_BYTES_MAX);
        }
        let message = self.expand_text(link.message.as_ref(), running);
        let data = self.expand_text(link.data.as_ref(), running);
        self.matches.push(Match {
            id: rule.id,
            phase: rule.phase,
            message,
            data,
            severity: rule.severity,
            tags: Arc::clone(&rule.tags),
            variable: String::from_utf8_lossy(&name).into_owned(),
            span: self.span,
            logged: rule.logged,
            audited: rule.audited && self.audit,
        });
    }

    /// What a whole match does to the transaction.
    fn end(&mut self, running: Running<'_>) -> Flow {
        let rule = running.rule;
        let action = match &rule.disruption {
            Effect::Pass => None,
            Effect::Allow(scope) => {
                if self.mode == Mode::On {
                    self.allow = Some((*scope, rule.phase));
                    return Flow::Stop;
                }
                None
            }
            Effect::Deny => Some((rule.status, Disruption::Deny)),
            Effect::Drop => Some((rule.status, Disruption::Drop)),
            Effect::Redirect(target) => {
                let target = self.expand_text(Some(target), running);
                let status = if (300..400).contains(&rule.status) { rule.status } else { 302 };
                Some((status, Disruption::Redirect(target)))
            }
        };
        if let Some((status, action)) = action
            && self.mode == Mode::On
            && rule.phase != Phase::Logging
        {
            self.note(running, |_| Step::Interrupted);
            let interruption = Interruption { status, rule_id: rule.id, phase: rule.phase, action };
            self.interruption = Some(interruption);
            return Flow::Stop;
        }
        rule.next.map_or(Flow::Next, Flow::Jump)
    }
}

/// The link whose message is told: the head's, or the last that has one.
fn message_link<'p>(links: &'p [Link], head: &'p Link) -> &'p Link {
    if head.message.is_some() || head.data.is_some() {
        return head;
    }
    links.iter().rev().find(|link| link.message.is_some()).unwrap_or(head)
}

fn running(program: &Program, index: u32) -> Option<Running<'_>> {
    let rule = program.rules.get(index as usize)?;
    let head = program.links.get(rule.first as usize)?;
    Some(Running { program, rule, index, head })
}
