using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>
/// The recorded Marian with a table for each language: the source has more tokens and other ids for those that it knows, so that every number
/// that PyTorch recorded of one table is a number of two.
/// </summary>
public sealed class SeparateVocabulariesTests : IDisposable
{
    private const string Shared = "family/marian-tiny";
    private const int SourceSize = 50, Padding = 46, End = 0;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void With_a_table_for_each_language_logits_and_gradients_are_those_recorded_of_one()
    {
        using Recording recording = new(Shared);
        Translator<double> model = Apart(Moved, SourceSize, out Translator<double> shared);
        using var tape = new Tape<double>();
        PaddingMask padding = recording.Padding(tape, "source_mask", 0);
        Tensor<int> source = recording.Step<double, int>(tape, "source", 0);
        foreach (ref int id in source.Span)
            id = Moved(id);
        Variable<double> hidden = model.Encode(source, new ForwardPass<double>(tape) { Padding = padding });
        ForwardPass<double> pass = new(tape) { Source = new SourceSequence<double> { Hidden = hidden, Padding = padding } };
        Tensor<int> inputs = recording.Step<double, int>(tape, "decoder_input", 0);
        SafetensorsFixture.AssertClose("logits", recording.Trace.Read<double>("logits"), model.Logits(inputs, pass).Value, 1e-9);
        Variable<double> loss = model.Loss(inputs, recording.Step<double, int>(tape, "labels", 0), pass);
        Assert.Equal(recording.Json.GetProperty("losses")[0].GetDouble(), loss.Value.Span[0], 1e-9);

        tape.Backward(loss);
        foreach (Parameter<double> parameter in model.Parameters.Trained.Where(parameter => parameter.Role != ParameterRole.Embedding))
            recording.Compare("grad/", parameter, parameter.Variable.Gradient, shared.Config, 1e-9, withKeyBiases: true);
        Tensor<double> written = model.Tokens.Table.Variable.Gradient, read = model.SourceTokens.Table.Variable.Gradient, sum = new(written.Shape);
        for (int id = 0; id < written.Shape[0]; id++)
        {
            for (int column = 0; column < written.Shape[1]; column++)
                sum[id, column] = written[id, column] + read[Moved(id), column];
        }
        SafetensorsFixture.AssertClose("both tables", recording.Trace.Read<double>("grad/model.shared.weight"), sum, 1e-9);
    }

    [Fact]
    public void Translations_of_sentences_in_the_ids_of_their_own_language_are_the_recorded_ones()
    {
        using Recording recording = new(Shared);
        Tensor<int> all = recording.Trace.ReadIntegers<int>("source").Slice(0, 0, 1);
        int[][] sources = [.. Enumerable.Range(0, all.Shape[1]).Select(row => all.Slice(1, row, 1).Span.ToArray().TakeWhile(id => id != End).Select(Moved).ToArray())];
        using TranslationSearch<double> search = new(Apart(Moved, SourceSize, out _).ForReading());
        IReadOnlyList<ScoredTranslation>[] found = search.Translate(sources, new SearchOptions { Beams = 4, MostTokens = 12 });
        JsonElement[] expected = [.. recording.Json.GetProperty("beam4").EnumerateArray()];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair =>
        {
            Assert.Equal(pair.First[0].EnumerateArray().Select(id => id.GetInt32()), (int[])[Padding, .. pair.Second[0].Ids, End]);
            Assert.Equal(pair.First[1].GetDouble(), pair.Second[0].Score, 1e-9);
        });
        Assert.Contains("vocabulary of 50", Assert.Throws<ArgumentException>(() => search.Translate([[SourceSize]], new SearchOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_tables_go_out_and_in_as_Hugging_Face_has_them()
    {
        Translator<double> model = Apart(id => id, SourceSize, out _);
        ModelFolder.Save(_folder.Root, model);
        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!;
        Assert.Equal(("marian", false, 50, 47), ((string)config["model_type"]!, (bool)config["share_encoder_decoder_embeddings"]!, (int)config["vocab_size"]!, (int)config["decoder_vocab_size"]!));
        using (SafetensorsReader tensors = SafetensorsReader.Open(_folder.File("model.safetensors")))
        {
            string[] tables = [.. tensors.Entries.Select(entry => entry.Name).Where(name => name.Contains("embed_tokens", StringComparison.Ordinal) || name.Contains("shared", StringComparison.Ordinal))];
            Assert.Equal(["model.decoder.embed_tokens.weight", "model.encoder.embed_tokens.weight"], tables.Order(StringComparer.Ordinal));
        }
        LanguageModel<double> again = ModelFolder.Load<double>(_folder.Root).Any;
        Assert.Equal(model.Config, again.Config);
        Assert.Equal(model.Parameters.Values.Span.ToArray(), again.Parameters.Values.Span.ToArray());
    }

    [Fact]
    public void An_end_of_its_own_that_Hugging_Face_has_no_key_for_is_kept_in_our_own_form()
    {
        Translator<double> model = Apart(Moved, SourceSize, out _);
        ModelFolder.Save(_folder.Root, model);
        Assert.Contains("\"minigpt\"", File.ReadAllText(_folder.File("config.json")), StringComparison.Ordinal);
        LanguageModel<double> again = ModelFolder.Load<double>(_folder.Root).Any;
        Assert.Equal(model.Config.ToString(), again.Config.ToString());
        Assert.Equal(model.Parameters.Values.Span.ToArray(), again.Parameters.Values.Span.ToArray());
    }

    [Theory]
    [InlineData("\"share_encoder_decoder_embeddings\": true", "\"decoder_vocab_size\"", 47)]
    [InlineData("\"share_encoder_decoder_embeddings\": false", "embed_tokens.weight", 50)]
    public void What_does_not_fit_is_refused(string sharing, string named, int size)
    {
        ModelFolder.Save(_folder.Root, ModelFolder.Load<double>(Fixtures.File(Shared)).Any);
        string config = File.ReadAllText(_folder.File("config.json"));
        config = config.Replace("\"share_encoder_decoder_embeddings\": true", sharing, StringComparison.Ordinal)
            .Replace("\"vocab_size\": 47", $"\"vocab_size\": {size}", StringComparison.Ordinal)
            .Replace("\"decoder_vocab_size\": 47", size == 47 ? "\"decoder_vocab_size\": 40" : "\"decoder_vocab_size\": 47", StringComparison.Ordinal);
        _folder.Write("config.json", config);
        string message = Assert.Throws<FileFormatException>(() => ModelFolder.Load<double>(_folder.Root)).Message;
        Assert.Contains(named.Trim('"'), message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The id that a token of the shared table has in the source's own.</summary>
    private static int Moved(int id) => ((id * 7) + 3) % SourceSize;

    private static Translator<double> Apart(Func<int, int> moved, int size, out Translator<double> shared)
    {
        shared = ModelFolder.Load<double>(Fixtures.File(Shared)).Translator;
        int end = moved(End);
        Translator<double> apart = new(shared.Config with { Source = shared.Config.Source! with { VocabularySize = size, EndOfTextId = end == End ? null : end } });
        Dictionary<string, Parameter<double>> own = shared.Parameters.All.ToDictionary(parameter => parameter.Name);
        foreach (Parameter<double> parameter in apart.Parameters.All.Where(parameter => own.ContainsKey(parameter.Name)))
            own[parameter.Name].Value.Span.CopyTo(parameter.Value.Span);
        int width = shared.Config.Width;
        Span<double> from = shared.Tokens.Table.Value.Span, to = apart.SourceTokens.Table.Value.Span;
        to.Fill(7); // of the tokens that nobody asks for
        for (int id = 0; id < shared.Config.VocabularySize; id++)
            from.Slice(id * width, width).CopyTo(to[(moved(id) * width)..]);
        return apart;
    }
}
