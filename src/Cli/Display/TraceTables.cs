using System.Globalization;
using MiniGpt.Cli.Speech;
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
            Console.Out.WriteLine(Messages.Of("trace.next"));
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
        Console.Out.WriteLine(Messages.Of("trace.adds-up", ("asked", Asked(view.Token, view.Against, answers))));
        (IReadOnlyList<Contribution> greatest, double others) = view.Split(answers.Top);
        Table table = Table([Messages.Of("trace.part"), Messages.Of("trace.adds")], 1);
        foreach (Contribution contribution in greatest)
            Row(table, NameOf(contribution), Written(contribution.Value, Signed));
        if (greatest.Count < view.Contributions.Count)
            Row(table, Messages.Of("trace.others", ("count", view.Contributions.Count - greatest.Count)), Written(others, Signed));
        Row(table, Messages.Of("trace.left-over"), Written(view.LeftOver, Signed));
        Row(table, Messages.Of(view.Against is null ? "trace.whole" : "trace.whole-difference"), Written(view.Logit, Signed));
        Output.Console.Write(table);
    }

    private static void Print(GradientView view, TraceAnswers answers)
    {
        Console.Out.WriteLine(Messages.Of("trace.depends", ("asked", Asked(view.Token, view.Against, answers))));
        Table table = Table([Messages.Of("table.position"), Messages.Of("table.token"), Messages.Of("trace.norm"), Messages.Of("trace.product")], 0, 2, 3);
        foreach ((int position, InputGradient input) in view.Inputs.Index())
            Row(table, $"{position + 1}", TokenName.Of(answers.Ids[position], answers.Tokenizer), Written(input.Norm, Plain), Written(input.TimesInput, Signed));
        Output.Console.Write(table);
    }

    private static void Print(SwitchedOffView view, TraceAnswers answers)
    {
        Console.Out.WriteLine(Messages.Of("trace.without", ("parts", string.Join(Messages.Of("trace.and"), view.Without.Select(NameOf)))));
        Table table = Table([Messages.Of("table.token"), Messages.Of("trace.before"), Messages.Of("trace.after"), Messages.Of("trace.change"),
            Messages.Of("trace.logit-before"), Messages.Of("trace.logit-after")], 1, 2, 3, 4, 5);
        foreach (ChangedToken token in view.Tokens)
        {
            Row(table, TokenName.Of(token.Id, answers.Tokenizer), Percent(token.Before, "0.00"), Percent(token.After, "0.00"), Percent(token.Change, "+0.00;-0.00;0.00"),
                Written(token.LogitBefore, Plain), Written(token.LogitAfter, Plain));
        }
        Output.Console.Write(table);
        if (view is { LossBefore: double before, LossAfter: double after })
            Console.Out.WriteLine($"{Messages.Of("trace.loss", ("before", Written(before, Plain)), ("after", Written(after, Plain)))}\n");
    }

    private static void Print(PatchingView view, TraceAnswers answers)
    {
        Console.Out.WriteLine(Messages.Of("trace.patched",
            ("token", TokenName.Of(view.Token, answers.Tokenizer)), ("other", TokenName.Of(view.Against, answers.Tokenizer)),
            ("difference", Written(view.Difference, Plain)), ("changed", Written(view.OtherDifference, Plain))));
        Console.Out.WriteLine(Messages.Of("trace.shares"));
        int depths = view.Patched.Count;
        Table table = Table([Messages.Of("table.position"), Messages.Of("table.token"), .. Enumerable.Range(0, depths).Select(blocks => $"{blocks}")], [0, .. Enumerable.Range(2, depths)]);
        foreach ((int position, (int id, int other)) in answers.Ids.Zip(answers.OtherIds).Index())
        {
            string token = TokenName.Of(id, answers.Tokenizer);
            Row(table, [$"{position + 1}", id == other ? token : Messages.Of("trace.replaced", ("token", token), ("other", TokenName.Of(other, answers.Tokenizer))),
                .. Enumerable.Range(0, depths).Select(blocks => Written(view.ShareRestored(blocks, position), "0.00;-0.00;0.00"))]);
        }
        Output.Console.Write(table);
    }

    private static void Print(NeuronView view, TraceAnswers answers)
    {
        Console.Out.WriteLine(Messages.Of("trace.neuron", ("neuron", view.Index + 1), ("layer", view.Layer + 1)));
        Table table = Table([Messages.Of("trace.raises"), Messages.Of("trace.by"), Messages.Of("trace.lowers"), Messages.Of("trace.by")], 1, 3);
        foreach ((TokenEffect raised, TokenEffect lowered) in view.Raises.Zip(view.Lowers))
        {
            Row(table, TokenName.Of(raised.Id, answers.Tokenizer), Written(raised.Effect, Signed),
                TokenName.Of(lowered.Id, answers.Tokenizer), Written(lowered.Effect, Signed));
        }
        Output.Console.Write(table);
    }

    private static string Asked(int token, int? against, TraceAnswers answers) => against is int other
        ? Messages.Of("trace.difference", ("token", TokenName.Of(token, answers.Tokenizer)), ("other", TokenName.Of(other, answers.Tokenizer)))
        : Messages.Of("trace.logit", ("token", TokenName.Of(token, answers.Tokenizer)));

    private static string NameOf(ModelPart part) => InLayer(part.Layer, part.Kind switch
    {
        PartKind.Head => HeadOf(part.Head),
        PartKind.Attention => Messages.Of("trace.part.attention"),
        _ => Messages.Of("trace.part.feed-forward"),
    });

    private static string NameOf(Contribution contribution)
    {
        string what = contribution.Kind switch
        {
            ContributionKind.TokenEmbedding => Messages.Of("trace.part.token-embedding"),
            ContributionKind.PositionEmbedding => Messages.Of("trace.part.position-embedding"),
            ContributionKind.SegmentEmbedding => Messages.Of("trace.part.segment-embedding"),
            ContributionKind.EmbeddingNormBias => Messages.Of("trace.part.embedding-norm-bias"),
            ContributionKind.Head => HeadOf(contribution.Head ?? 0),
            ContributionKind.AttentionBias => Messages.Of("trace.part.attention-bias"),
            ContributionKind.AttentionNormBias => Messages.Of("trace.part.attention-norm-bias"),
            ContributionKind.FeedForward => Messages.Of("trace.part.feed-forward"),
            ContributionKind.FeedForwardBias => Messages.Of("trace.part.feed-forward-bias"),
            ContributionKind.FeedForwardNormBias => Messages.Of("trace.part.feed-forward-norm-bias"),
            ContributionKind.FinalNormBias => Messages.Of("trace.part.final-norm-bias"),
            _ => Messages.Of("trace.part.output-bias"),
        };
        return contribution.Layer is int layer ? InLayer(layer, what) : what;
    }

    private static string HeadOf(int head) => Messages.Of("trace.part.head", ("number", head + 1));

    private static string InLayer(int layer, string part) => Messages.Of("trace.in-layer", ("layer", layer + 1), ("part", part));

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
