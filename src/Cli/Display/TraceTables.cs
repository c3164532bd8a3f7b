using System.Globalization;
using MiniGpt.Model.Explanation;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>What minigpt trace found out, as tables. Layers, heads, neurons and positions are counted from 1.</summary>
internal static class TraceTables
{
    // What rounds to zero is zero, without a sign.
    private const string Signed = "+0.0000;-0.0000;0.0000";
    private const string Plain = "0.0000;-0.0000;0.0000";

    public static void Print(TraceAnswers answers)
    {
        if (answers.Next.Count > 0)
        {
            Console.Out.WriteLine("The likeliest next tokens:");
            ProbabilityTable.Print(Output.Console, answers.Next, chosen: null, answers.Tokenizer);
        }
        if (answers.Attribution is { } attribution)
            Print(attribution, answers);
        if (answers.Gradients is { } gradients)
            Print(gradients, answers);
        if (answers.SwitchedOff is { } off)
            Print(off, answers);
        if (answers.Patching is { } patching)
            Print(patching, answers);
        if (answers.Neuron is { } neuron)
            Print(neuron, answers);
    }

    private static void Print(AttributionView view, TraceAnswers answers)
    {
        Console.Out.WriteLine($"What adds up to {Asked(view.Token, view.Against, answers)}:");
        (IReadOnlyList<Contribution> greatest, double others) = view.Split(answers.Top);
        Table table = Table(["part", "adds"], 1);
        foreach (Contribution contribution in greatest)
            Row(table, NameOf(contribution), Written(contribution.Value, Signed));
        if (greatest.Count < view.Contributions.Count)
            Row(table, $"the {view.Contributions.Count - greatest.Count} others", Written(others, Signed));
        Row(table, "left over", Written(view.LeftOver, Signed));
        Row(table, view.Against is null ? "the logit" : "the difference", Written(view.Logit, Signed));
        Output.Console.Write(table);
    }

    private static void Print(GradientView view, TraceAnswers answers)
    {
        Console.Out.WriteLine($"How {Asked(view.Token, view.Against, answers)} depends on each token of the text:");
        Table table = Table(["position", "token", "norm of the gradient", "gradient · vector"], 0, 2, 3);
        foreach ((int position, InputGradient input) in view.Inputs.Index())
            Row(table, $"{position + 1}", TokenName.Of(answers.Ids[position], answers.Tokenizer), Written(input.Norm, Plain), Written(input.TimesInput, Signed));
        Output.Console.Write(table);
    }

    private static void Print(SwitchedOffView view, TraceAnswers answers)
    {
        Console.Out.WriteLine($"Without {string.Join(", ", view.Without.Select(NameOf))}, the tokens that change most:");
        Table table = Table(["token", "before %", "after %", "change", "logit before", "logit after"], 1, 2, 3, 4, 5);
        foreach (ChangedToken token in view.Tokens)
        {
            Row(table, TokenName.Of(token.Id, answers.Tokenizer), Percent(token.Before, "0.00"), Percent(token.After, "0.00"), Percent(token.Change, "+0.00;-0.00;0.00"),
                Written(token.LogitBefore, Plain), Written(token.LogitAfter, Plain));
        }
        Output.Console.Write(table);
        if (view is { LossBefore: double before, LossAfter: double after })
            Console.Out.WriteLine($"The loss of the text: {Written(before, Plain)} nats a token before, {Written(after, Plain)} after.\n");
    }

    private static void Print(PatchingView view, TraceAnswers answers)
    {
        Console.Out.WriteLine($"The logit of {TokenName.Of(view.Token, answers.Tokenizer)} minus that of {TokenName.Of(view.Against, answers.Tokenizer)} is "
            + $"{Written(view.Difference, Plain)} after the text, and {Written(view.OtherDifference, Plain)} after the other.");
        Console.Out.WriteLine("The share of this change that one vector of the other text brings, by its position and after how many layers:");
        int depths = view.Patched.Count;
        Table table = Table(["position", "token", .. Enumerable.Range(0, depths).Select(blocks => $"{blocks}")], [0, .. Enumerable.Range(2, depths)]);
        foreach ((int position, (int id, int other)) in answers.Ids.Zip(answers.OtherIds).Index())
        {
            string token = TokenName.Of(id, answers.Tokenizer);
            Row(table, [$"{position + 1}", id == other ? token : $"{token} from {TokenName.Of(other, answers.Tokenizer)}",
                .. Enumerable.Range(0, depths).Select(blocks => Written(view.ShareRestored(blocks, position), "0.00;-0.00;0.00"))]);
        }
        Output.Console.Write(table);
    }

    private static void Print(NeuronView view, TraceAnswers answers)
    {
        Console.Out.WriteLine($"What neuron {view.Index + 1} of layer {view.Layer + 1} does to logits, for each unit of its activity and of the norms' scale:");
        Table table = Table(["raises", "by", "lowers", "by"], 1, 3);
        foreach ((TokenEffect raised, TokenEffect lowered) in view.Raises.Zip(view.Lowers))
        {
            Row(table, TokenName.Of(raised.Id, answers.Tokenizer), Written(raised.Effect, Signed),
                TokenName.Of(lowered.Id, answers.Tokenizer), Written(lowered.Effect, Signed));
        }
        Output.Console.Write(table);
    }

    private static string Asked(int token, int? against, TraceAnswers answers) => against is int other
        ? $"the logit of {TokenName.Of(token, answers.Tokenizer)} minus that of {TokenName.Of(other, answers.Tokenizer)}"
        : $"the logit of {TokenName.Of(token, answers.Tokenizer)}";

    private static string NameOf(ModelPart part) => part.Kind switch
    {
        PartKind.Head => $"layer {part.Layer + 1}, head {part.Head + 1}",
        PartKind.Attention => $"layer {part.Layer + 1}, attention",
        _ => $"layer {part.Layer + 1}, feed-forward",
    };

    private static string NameOf(Contribution contribution)
    {
        string what = contribution.Kind switch
        {
            ContributionKind.TokenEmbedding => "embedding of the last token",
            ContributionKind.PositionEmbedding => "embedding of its position",
            ContributionKind.SegmentEmbedding => "embedding of its segment",
            ContributionKind.EmbeddingNormBias => "bias of the norm of the embeddings",
            ContributionKind.Head => $"head {contribution.Head + 1}",
            ContributionKind.AttentionBias => "bias of attention",
            ContributionKind.AttentionNormBias => "bias of the norm after attention",
            ContributionKind.FeedForward => "feed-forward",
            ContributionKind.FeedForwardBias => "bias of feed-forward",
            ContributionKind.FeedForwardNormBias => "bias of the norm after feed-forward",
            ContributionKind.FinalNormBias => "bias of the last norm",
            _ => "bias of the output head",
        };
        return contribution.Layer is int layer ? $"layer {layer + 1}, {what}" : what;
    }

    private static Table Table(string[] headings, params IEnumerable<int> numbers)
    {
        Table table = Output.Table(headings);
        foreach (int column in numbers)
            table.Columns[column].RightAligned();
        return table;
    }

    private static void Row(Table table, params IEnumerable<string> cells) => table.AddRow(cells.Select(cell => new Text(cell)));

    private static string Written(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    private static string Percent(double share, string format) => Written(100 * share, format);
}
