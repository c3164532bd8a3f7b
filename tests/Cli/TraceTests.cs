using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>minigpt trace: its numbers are those of the engine, in JSON and in tables, and what cannot be asked is refused.</summary>
public sealed class TraceTests : IDisposable
{
    private const string Text = "To be, or not";

    private readonly TemporaryFolder _folder = new();
    private readonly Decoder<double> _model;
    private readonly int[] _ids;

    public TraceTests()
    {
        LoadedModel<double> loaded = ModelFolder.Load<double>(ExampleModel.Tiny(_folder));
        (_model, _ids) = (loaded.Model, loaded.Tokenizer!.Encode(Text));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_a_question_it_takes_the_likeliest_tokens_logit_apart_and_shows_its_gradients()
    {
        JsonElement json = Json("--text", Text);
        Assert.Equal(["text", "tokens", "next", "attribution", "gradients"], json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(Text, json.GetProperty("text").GetString());
        Assert.Equal(_ids, json.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("id").GetInt32()));
        using DecoderTrace<double> trace = _model.Trace(_ids);
        NextToken[] next = NextToken.Likeliest<double>(trace.Logits.Span[^_model.Config.VocabularySize..], 10);
        Assert.Equal(next.Select(token => token.Id), json.GetProperty("next").EnumerateArray().Select(token => token.GetProperty("id").GetInt32()));
        AssertClose(next.Select(token => token.Probability), Numbers(json.GetProperty("next"), "probability"));

        AttributionView view = AttributionView.Of(_model, _ids, next[0].Id);
        JsonElement attribution = json.GetProperty("attribution"), parts = attribution.GetProperty("contributions");
        Assert.Equal(next[0].Id, attribution.GetProperty("token").GetProperty("id").GetInt32());
        Assert.Equal(JsonValueKind.Null, attribution.GetProperty("against").ValueKind);
        Assert.Equal(view.Logit, attribution.GetProperty("logit").GetDouble(), 1e-9);
        Assert.Equal(0, attribution.GetProperty("left_over").GetDouble(), 1e-9);
        AssertClose(view.Contributions.Select(part => part.Value), Numbers(parts, "value"));
        JsonElement head = parts.EnumerateArray().Single(part => part.TryGetProperty("head", out JsonElement head) && head.GetInt32() == 3 && part.GetProperty("layer").GetInt32() == 2);
        Assert.Equal("head", head.GetProperty("part").GetString());
        Assert.Equal(view.Contributions.Single(part => part is { Kind: ContributionKind.Head, Layer: 1, Head: 2 }).Value, head.GetProperty("value").GetDouble(), 1e-9);

        GradientView gradients = GradientView.Of(_model, _ids, next[0].Id);
        AssertClose(gradients.Inputs.Select(input => input.Norm), Numbers(json.GetProperty("gradients").GetProperty("inputs"), "norm"));
        AssertClose(gradients.Inputs.Select(input => input.TimesInput), Numbers(json.GetProperty("gradients").GetProperty("inputs"), "times_input"));
    }

    [Fact]
    public void Two_named_tokens_are_explained_by_their_difference()
    {
        JsonElement attribution = Json("--text", Text, "--token", "a", "--against", " ").GetProperty("attribution");
        Assert.Equal(["a", " "], new[] { "token", "against" }.Select(name => attribution.GetProperty(name).GetProperty("token").GetString()));
        double[] logits = Logits();
        int Id(string name) => attribution.GetProperty(name).GetProperty("id").GetInt32();
        Assert.Equal(logits[Id("token")] - logits[Id("against")], Numbers(attribution.GetProperty("contributions"), "value").Sum(), 1e-9);
    }

    [Fact]
    public void Switched_off_are_all_parts_that_are_named()
    {
        JsonElement json = Json("--text", Text, "--without-head", "2.3", "--without-head", "1.1", "--without-feed-forward", "4", "--without-attention", "3", "--without-layer", "1", "--top", "5");
        Assert.Equal(["text", "tokens", "next", "switched_off"], json.EnumerateObject().Select(member => member.Name));
        ModelPart[] parts = [ModelPart.OfHead(1, 2), ModelPart.OfHead(0, 0), ModelPart.OfAttention(2), ModelPart.OfFeedForward(3), .. ModelPart.OfLayer(0)];
        SwitchedOffView view = SwitchedOffView.Of(_model, _ids, parts, count: 5);
        JsonElement off = json.GetProperty("switched_off");
        Assert.Equal(["head 2 3", "head 1 1", "attention 3", "feed_forward 4", "attention 1", "feed_forward 1"], off.GetProperty("without").EnumerateArray()
            .Select(part => string.Join(' ', part.EnumerateObject().Select(member => member.Value.ToString()))));
        Assert.Equal(view.LossBefore!.Value, off.GetProperty("loss_before").GetDouble(), 1e-9);
        Assert.Equal(view.LossAfter!.Value, off.GetProperty("loss_after").GetDouble(), 1e-9);
        AssertClose(view.Tokens.Select(token => token.Before), Numbers(off.GetProperty("tokens"), "probability_before"));
        AssertClose(view.Tokens.Select(token => token.After), Numbers(off.GetProperty("tokens"), "probability_after"));
        AssertClose(view.Tokens.Select(token => token.LogitAfter), Numbers(off.GetProperty("tokens"), "logit_after"));
    }

    [Fact]
    public void Patching_gives_a_share_for_each_position_and_depth()
    {
        const string Other = "To he, or not";
        JsonElement patching = Json("--text", Text, "--patch-from", Other, "--token", "a", "--against", "b").GetProperty("patching");
        int[] other = ModelFolder.Load<float>(_folder.File("tiny")).Tokenizer!.Encode(Other);
        PatchingView view = PatchingView.Of(_model, _ids, other, patching.GetProperty("token").GetProperty("id").GetInt32(), patching.GetProperty("against").GetProperty("id").GetInt32());
        Assert.Equal(view.Difference, patching.GetProperty("difference").GetDouble(), 1e-9);
        JsonElement[] depths = [.. patching.GetProperty("depths").EnumerateArray()];
        Assert.Equal([0, 1, 2, 3, 4], depths.Select(depth => depth.GetProperty("after_layers").GetInt32()));
        for (int depth = 0; depth < depths.Length; depth++)
        {
            AssertClose(view.Patched[depth], depths[depth].GetProperty("differences").EnumerateArray().Select(number => number.GetDouble()));
            AssertClose(_ids.Select((_, position) => view.ShareRestored(depth, position)), depths[depth].GetProperty("shares").EnumerateArray().Select(number => number.GetDouble()));
        }

        string table = Minigpt.Success(_folder.Root, "trace", "--model", "tiny", "--text", Text, "--patch-from", Other, "--token", "a", "--against", "b");
        Assert.Contains("\"b\" from \"h\"", table, StringComparison.Ordinal);
        Assert.Contains(Written(view.ShareRestored(2, 3), "0.00;-0.00;0.00"), table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_neuron_needs_no_text()
    {
        JsonElement neuron = Json("--neuron", "2.17").GetProperty("neuron");
        NeuronView view = NeuronView.Of(_model, 1, 16, count: 10);
        Assert.Equal((2, 17), (neuron.GetProperty("layer").GetInt32(), neuron.GetProperty("index").GetInt32()));
        Assert.Equal(view.Raises.Select(token => token.Id), neuron.GetProperty("raises").EnumerateArray().Select(token => token.GetProperty("id").GetInt32()));
        AssertClose(view.Lowers.Select(token => token.Effect), Numbers(neuron.GetProperty("lowers"), "effect"));
        string table = Minigpt.Success(_folder.Root, "trace", "--model", "tiny", "--neuron", "2.17");
        Assert.StartsWith("What neuron 17 of layer 2 does", table, StringComparison.Ordinal);
        Assert.Contains(Written(view.Raises[0].Effect, "+0.0000"), table, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_show_what_counts_most_and_that_nothing_is_left_over()
    {
        string table = Minigpt.Success(_folder.Root, "trace", "--model", "tiny", "--text", Text, "--top", "3");
        double[] logits = Logits();
        AttributionView view = AttributionView.Of(_model, _ids, logits.Index().MaxBy(logit => logit.Item).Index);
        (IReadOnlyList<Contribution> greatest, double others) = view.Split(3);
        Assert.All(greatest, part => Assert.Contains(Written(part.Value, "+0.0000;-0.0000"), table, StringComparison.Ordinal));
        Assert.Matches($@"the {view.Contributions.Count - 3} others +{Regex.Escape(Written(others, "+0.0000;-0.0000"))}", table);
        Assert.Matches(@"left over +0\.0000", table);
        Assert.Matches($@"the logit +{Regex.Escape(Written(view.Logit, "+0.0000;-0.0000"))}", table);
        Assert.Contains("norm of the gradient", table, StringComparison.Ordinal);

        string off = Minigpt.Success(_folder.Root, "trace", "--model", "tiny", "--text", Text, "--without-head", "2.3");
        SwitchedOffView without = SwitchedOffView.Of(_model, _ids, [ModelPart.OfHead(1, 2)], count: 10);
        Assert.Contains("Without layer 2, head 3, the tokens that change most", off, StringComparison.Ordinal);
        Assert.Contains($"{Written(without.LossBefore!.Value, "0.0000")} nats a token before, {Written(without.LossAfter!.Value, "0.0000")} after", off, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--text TEXT expected, after which a token is asked for")]
    [InlineData("--without-head is about the token after a text", "--without-head", "1.1", "--neuron", "1.1")]
    [InlineData("--without-head: '3' found, LAYER.HEAD expected, counted from 1, such as 2.1", "--text", "x", "--without-head", "3")]
    [InlineData("--without-layer: '0' found, LAYER expected", "--text", "x", "--without-layer", "0")]
    [InlineData("--neuron: 'a.1' found, LAYER.INDEX expected", "--neuron", "a.1")]
    [InlineData("there is no layer 5: the model has 4", "--text", "x", "--without-layer", "5")]
    [InlineData("there is no head 5: each layer has 4", "--text", "x", "--without-head", "1.5")]
    [InlineData("there is no neuron 513: each layer has 512", "--neuron", "1.513")]
    [InlineData("the texts have 1 and 2 tokens: equally many expected", "--text", "x", "--patch-from", "xy")]
    [InlineData("--token is for explaining one token", "--text", "x", "--without-layer", "1", "--token", "a")]
    [InlineData("--token: 'ab' found, one token of the model expected", "--text", "x", "--token", "ab")]
    [InlineData("--token and --against name the same token", "--text", "x", "--token", "a", "--against", "a")]
    [InlineData("--text is empty", "--text", "")]
    [InlineData("--patch-from is empty", "--text", "x", "--patch-from", "")]
    public void Wrong_usage_is_refused_in_one_line(string message, params string[] arguments) =>
        Assert.StartsWith("minigpt: ", Minigpt.Refusal(_folder.Root, 2, message, ["trace", "--model", "tiny", .. arguments]), StringComparison.Ordinal);

    [Fact]
    public void Models_and_texts_that_cannot_be_asked_are_refused()
    {
        string full = string.Concat(Enumerable.Repeat("a", 65));
        Refused(2, "--text has 65 tokens, the context of tiny has room for 64", "tiny", full);
        Refused(1, "--unknown skip leaves it out", "tiny", "猫");
        RecordedModels.Bert(_folder);
        Refused(1, "an encoder", "bert-tiny", "w5");
        RecurrentModel();
        Refused(2, "a recurrent network has none", "network", "a");
        File.Delete(_folder.File("tiny/tokenizer.json"));
        Refused(2, "tiny has no tokenizer to read text with", "tiny", "a");

        void Refused(int exitCode, string message, string model, string text) =>
            Assert.NotEqual("", Minigpt.Refusal(_folder.Root, exitCode, message, "trace", "--model", model, "--text", text));
    }

    private void RecurrentModel()
    {
        LoadedModel<float> tiny = ModelFolder.Load<float>(_folder.File("tiny"));
        Decoder<float> network = new(RecurrentNetwork.Config(RecurrentKind.Lstm, new ModelSizes(tiny.Tokenizer!.VocabularySize, 16, 1, 1, 8)));
        network.Initialize(seed: 1);
        ModelFolder.Save(_folder.File("network"), network, tiny.Tokenizer);
    }

    private JsonElement Json(params string[] arguments) =>
        JsonDocument.Parse(Minigpt.Success(_folder.Root, ["trace", "--model", "tiny", .. arguments, "--json"])).RootElement;

    private double[] Logits()
    {
        using DecoderTrace<double> trace = _model.Trace(_ids);
        return trace.Logits.Span[^_model.Config.VocabularySize..].ToArray();
    }

    private static IEnumerable<double> Numbers(JsonElement list, string name) => list.EnumerateArray().Select(item => item.GetProperty(name).GetDouble());

    private static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual)
    {
        double[] numbers = [.. actual];
        Assert.Equal(expected.Count(), numbers.Length);
        Assert.All(expected.Zip(numbers), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    private static string Written(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
