using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tests.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>
/// A folder as Hugging Face has Marian's, with the SentencePiece models of two languages: the recorded translator, which turns a sentence round,
/// with words for its tokens.
/// </summary>
public sealed class MarianFolderTests : IDisposable
{
    private const int Tokens = 47, UnknownId = 2;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_recorded_translation_comes_as_text_and_the_files_are_written_as_they_were()
    {
        Write(separate: false);
        // trace.json: 15 39 14 1 becomes 1 14 39 15.
        Assert.Equal("w1 w14 w39 w15\n", Minigpt.Success(_folder.Root, "translate", "--model", "opus", " w15  w39 w14 w1"));
        using JsonDocument beams = JsonDocument.Parse(Minigpt.Success(_folder.Root, "translate", "--model", "opus", "w15 w39 w14 w1", "--beam", "4", "--tokens", "12", "--alternatives", "1", "--json"));
        Assert.Equal(-0.02043834923859262, beams.RootElement.GetProperty("translations")[0].GetProperty("score").GetDouble(), 1e-4);
        _folder.Write("pairs.tsv", "w15 w39 w14 w1\tw1 w14 w39 w15\n");
        using JsonDocument evaluation = JsonDocument.Parse(Minigpt.Success(_folder.Root, "eval", "--model", "opus", "--data", "pairs.tsv", "--json"));
        Assert.Equal((1, 5), (evaluation.RootElement.GetProperty("exact").GetInt32(), evaluation.RootElement.GetProperty("tokens").GetInt32()));

        Minigpt.Success(_folder.Root, "convert", "--from", "opus", "--to", "copy");
        Minigpt.Success(_folder.Root, "train", "--init-from", "opus", "--data", "pairs.tsv", "--batch-size", "1", "--validation-fraction", "0", "--steps", "2", "--out", "further");
        Minigpt.Success(_folder.Root, "train", "--resume", "further", "--steps", "3");
        foreach (string name in (string[])["source.spm", "target.spm"])
        {
            Assert.Equal(File.ReadAllBytes(_folder.File($"opus/{name}")), File.ReadAllBytes(_folder.File($"copy/{name}")));
            Assert.Equal(File.ReadAllBytes(_folder.File($"opus/{name}")), File.ReadAllBytes(_folder.File($"further/{name}")));
        }
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(_folder.File("opus/vocab.json"))), JsonNode.Parse(File.ReadAllText(_folder.File("further/vocab.json")))));
        Assert.False(File.Exists(_folder.File("copy/target_vocab.json")) || File.Exists(_folder.File("copy/tokenizer.json")));
        Assert.Equal("w1 w14 w39 w15\n", Minigpt.Success(_folder.Root, "translate", "--model", "copy", "w15 w39 w14 w1"));
    }

    [Fact]
    public void A_sentence_is_cut_by_the_model_of_its_own_language_alone()
    {
        Write(separate: false);
        LoadedModel<float> model = ModelFile.Load<float>(_folder.File("opus"));
        Assert.Equal([15, 39], model.SourceTokenizer!.Encode("w15 w39"));
        Assert.Equal([15, 39], model.Tokenizer!.Encode("w15 w39"));
        Assert.Equal([16], model.SourceTokenizer.Encode("w16"));
        Assert.Equal([UnknownId], model.Tokenizer.Encode("w16").Distinct()); // which the target's pieces do not have
    }

    [Fact]
    public void Each_language_can_have_a_vocabulary_of_its_own()
    {
        Write(separate: true);
        Assert.Equal("t1 t14 t39 t15\n", Minigpt.Success(_folder.Root, "translate", "--model", "opus", "w15 w39 w14 w1"));
        Minigpt.Success(_folder.Root, "convert", "--from", "opus", "--to", "copy");
        Assert.Equal(15, (int)JsonNode.Parse(File.ReadAllText(_folder.File("copy/target_vocab.json")))!["\u2581t15"]!);
        Assert.Equal("t1 t14 t39 t15\n", Minigpt.Success(_folder.Root, "translate", "--model", "copy", "w15 w39 w14 w1"));
    }

    [Fact]
    public void What_is_broken_is_refused_in_one_line()
    {
        Write(separate: false);
        byte[] whole = File.ReadAllBytes(_folder.File("opus/source.spm"));
        File.WriteAllBytes(_folder.File("opus/source.spm"), whole[..^2]);
        Assert.Contains("cut off", Minigpt.Refusal(_folder.Root, 1, "source.spm: ", "translate", "--model", "opus", "w1"), StringComparison.Ordinal);
        File.WriteAllBytes(_folder.File("opus/source.spm"), whole);
        File.WriteAllText(_folder.File("opus/vocab.json"), """{"</s>":0,"a":1}""");
        Minigpt.Refusal(_folder.Root, 1, "without <unk>", "translate", "--model", "opus", "w1");
    }

    public void Dispose() => _folder.Dispose();

    private void Write(bool separate)
    {
        Directory.CreateDirectory(_folder.File("opus"));
        if (separate)
        {
            ModelFolder.Save(_folder.File("opus"), WithTwoTables());
            _folder.Write("opus/target_vocab.json", Vocabulary("t"));
        }
        else
        {
            foreach (string name in (string[])["config.json", "model.safetensors"])
                File.Copy(Fixtures.File("family", "marian-tiny", name), _folder.File($"opus/{name}"));
        }
        _folder.Write("opus/source.spm", Pieces("w", id => id != UnknownId));
        _folder.Write("opus/target.spm", Pieces(separate ? "t" : "w", id => id is 15 or 39));
        _folder.Write("opus/vocab.json", Vocabulary("w"));
    }

    private static Translator<float> WithTwoTables()
    {
        Translator<float> shared = ModelFolder.Load<float>(Fixtures.File("family/marian-tiny")).Translator;
        Translator<float> model = new(shared.Config with { Source = shared.Config.Source! with { VocabularySize = Tokens } });
        foreach (Parameter<float> parameter in model.Parameters.All)
        {
            string name = parameter.Name == "encoder.tokens.weight" ? "tokens.weight" : parameter.Name;
            shared.Parameters.All.Single(other => other.Name == name).Value.Span.CopyTo(parameter.Value.Span);
        }
        return model;
    }

    private static string Word(string letter, int id) => id switch { 0 => "</s>", UnknownId => "<unk>", Tokens - 1 => "<pad>", _ => $"\u2581{letter}{id}" };

    private static string Vocabulary(string letter) =>
        new JsonObject(Enumerable.Range(0, Tokens).Select(id => KeyValuePair.Create(Word(letter, id), (JsonNode?)id))).ToJsonString();

    private static byte[] Pieces(string letter, Func<int, bool> isKnown) => SentencePieceBytes.Model(
        [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), .. Enumerable.Range(1, Tokens - 2).Where(isKnown).Select(id => (Word(letter, id), -1f - (id / 10f), 1))]);
}
