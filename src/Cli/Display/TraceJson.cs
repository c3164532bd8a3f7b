using System.Text.Json.Nodes;
using MiniGpt.Model;
using MiniGpt.Model.Explanation;

namespace MiniGpt.Cli.Display;

/// <summary>What minigpt trace found out, as one JSON object. Layers, heads, neurons and positions are counted from 1.</summary>
internal static class TraceJson
{
    public static JsonObject Of(TraceAnswers answers)
    {
        JsonObject json = [];
        if (answers.Text is string text)
        {
            json["text"] = text;
            json["tokens"] = Tokens(answers.Ids, answers);
            json["next"] = List(answers.Next, next => Token(next.Id, answers, ("probability", next.Probability)));
        }
        if (answers.Attribution is { } attribution)
            json["attribution"] = Of(attribution, answers);
        if (answers.Gradients is { } gradients)
            json["gradients"] = Of(gradients, answers);
        if (answers.SwitchedOff is { } off)
            json["switched_off"] = Of(off, answers);
        if (answers.Patching is { } patching)
            json["patching"] = Of(patching, answers);
        if (answers.Neuron is { } neuron)
            json["neuron"] = Of(neuron, answers);
        return json;
    }

    private static JsonObject Of(AttributionView view, TraceAnswers answers) => new()
    {
        ["token"] = Token(view.Token, answers),
        ["against"] = view.Against is int against ? Token(against, answers) : null,
        ["logit"] = view.Logit,
        ["contributions"] = List(view.Contributions, contribution =>
            Place(OptionNames.Of(contribution.Kind), contribution.Layer, contribution.Head, ("value", contribution.Value))),
        ["left_over"] = view.LeftOver,
    };

    private static JsonObject Of(GradientView view, TraceAnswers answers) => new()
    {
        ["token"] = Token(view.Token, answers),
        ["against"] = view.Against is int against ? Token(against, answers) : null,
        ["inputs"] = List(view.Inputs.Zip(answers.Ids), pair => Token(pair.Second, answers, ("norm", pair.First.Norm), ("times_input", pair.First.TimesInput))),
    };

    private static JsonObject Of(SwitchedOffView view, TraceAnswers answers) => new()
    {
        ["without"] = List(view.Without, part => Place(OptionNames.Of(part.Kind), part.Layer, part.Kind == PartKind.Head ? part.Head : null)),
        ["loss_before"] = view.LossBefore,
        ["loss_after"] = view.LossAfter,
        ["tokens"] = List(view.Tokens, token => Token(token.Id, answers,
            ("probability_before", token.Before), ("probability_after", token.After), ("logit_before", token.LogitBefore), ("logit_after", token.LogitAfter))),
    };

    private static JsonObject Of(PatchingView view, TraceAnswers answers) => new()
    {
        ["from"] = answers.OtherText,
        ["from_tokens"] = Tokens(answers.OtherIds, answers),
        ["token"] = Token(view.Token, answers),
        ["against"] = Token(view.Against, answers),
        ["difference"] = view.Difference,
        ["other_difference"] = view.OtherDifference,
        ["depths"] = List(view.Patched.Index(), depth => new JsonObject
        {
            ["after_layers"] = depth.Index,
            ["differences"] = List(depth.Item, difference => (JsonNode)difference),
            ["shares"] = List(Enumerable.Range(0, depth.Item.Count), position => (JsonNode)view.ShareRestored(depth.Index, position)),
        }),
    };

    private static JsonObject Of(NeuronView view, TraceAnswers answers) => new()
    {
        ["layer"] = view.Layer + 1,
        ["index"] = view.Index + 1,
        ["raises"] = List(view.Raises, token => Token(token.Id, answers, ("effect", token.Effect))),
        ["lowers"] = List(view.Lowers, token => Token(token.Id, answers, ("effect", token.Effect))),
    };

    private static JsonArray Tokens(IEnumerable<int> ids, TraceAnswers answers) => List(ids, id => Token(id, answers));

    private static JsonObject Token(int id, TraceAnswers answers, params IEnumerable<(string Name, double Value)> numbers)
    {
        // A model may have more tokens than its tokenizer.
        JsonObject json = new() { ["id"] = id, ["token"] = id < answers.Tokenizer.VocabularySize ? answers.Tokenizer.TokenText(id) : null };
        return With(json, numbers);
    }

    private static JsonObject Place(string part, int? layer, int? head, params IEnumerable<(string Name, double Value)> numbers)
    {
        JsonObject json = new() { ["part"] = part };
        if (layer is int block)
            json["layer"] = block + 1;
        if (head is int place)
            json["head"] = place + 1;
        return With(json, numbers);
    }

    private static JsonObject With(JsonObject json, IEnumerable<(string Name, double Value)> numbers)
    {
        foreach ((string name, double value) in numbers)
            json[name] = value;
        return json;
    }

    private static JsonArray List<T>(IEnumerable<T> values, Func<T, JsonNode> node) => [.. values.Select(node)];
}
