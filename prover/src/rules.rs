//! The product's policies and schema, and every shape that a question to them can have.

use std::{collections::BTreeSet, fs, path::Path};

use cedar_policy::{Effect, Policy, PolicyId, PolicySet, RequestEnv, Schema};

use crate::Outcome;

pub(crate) struct Rules {
    pub(crate) schema: Schema,
    pub(crate) policies: PolicySet,
    questions: Vec<Question>,
}

/// A kind of principal, an action and a kind of resource.
pub(crate) struct Question {
    pub(crate) env: RequestEnv,
    /// A resource is of the class that the action's name begins with, and of no other: that is how
    /// the engine asks (`crates/policy/src/vocabulary.rs`).
    pub(crate) as_asked: Policy,
}

impl Rules {
    /// Every policy of the folder under its own `@id`.
    pub(crate) fn read(folder: &Path) -> Outcome<Self> {
        let text = fs::read_to_string(folder.join("ringwall.cedarschema"))?;
        let (schema, _) = Schema::from_cedarschema_str(&text)?;
        let mut files: Vec<_> = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|end| end == "cedar"));
        files.sort();
        let mut policies = PolicySet::new();
        for file in files {
            for policy in named(&fs::read_to_string(&file)?)? {
                policies.add(policy)?;
            }
        }
        let questions = questions(&schema)?;
        Ok(Self { schema, policies, questions })
    }

    pub(crate) fn questions(&self) -> &[Question] {
        &self.questions
    }

    pub(crate) fn len(&self) -> usize {
        self.policies.policies().count()
    }

    /// The ids of what forbids.
    pub(crate) fn walls(&self) -> BTreeSet<String> {
        let forbids = self.policies.policies().filter(|policy| policy.effect() == Effect::Forbid);
        forbids.map(|policy| policy.id().to_string()).collect()
    }
}

/// The policies of a text, each under its `@id`.
pub(crate) fn named(text: &str) -> Outcome<Vec<Policy>> {
    let parsed: PolicySet = text.parse()?;
    let named = parsed.policies().map(|policy| {
        let id = policy.annotation("id").ok_or("expected every policy to have an `@id`")?;
        Ok(policy.new_id(PolicyId::new(id)))
    });
    named.collect()
}

fn questions(schema: &Schema) -> Outcome<Vec<Question>> {
    let mut envs: Vec<RequestEnv> = schema.request_envs().collect();
    envs.sort_by_key(|env| (env.action().to_string(), env.principal().to_string()));
    let class = |env: &RequestEnv| {
        let name: &str = env.action().id().unescaped();
        name.split_once('.').map(|(class, _)| class.to_owned())
    };
    let classes: BTreeSet<String> =
        envs.iter().map(class).collect::<Option<_>>().ok_or("expected actions to have a class")?;
    let asked = envs.into_iter().map(|env| {
        let class = class(&env).unwrap_or_default();
        let as_asked = as_asked(&class, &classes)?;
        Ok(Question { env, as_asked })
    });
    asked.collect()
}

fn as_asked(class: &str, classes: &BTreeSet<String>) -> Outcome<Policy> {
    let others: Vec<String> =
        classes.iter().filter(|o| *o != class).map(|o| format!("Class::\"{o}\"")).collect();
    let text = format!(
        "@id(\"as-asked\") forbid (principal, action, resource) unless {{ \
         resource in Class::\"{class}\" && !(resource in [{}]) }};",
        others.join(", ")
    );
    named(&text)?.pop().ok_or_else(|| "expected one policy".into())
}
