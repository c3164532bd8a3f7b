using System.Text;
using System.Text.RegularExpressions;
using MiniGpt.Cli;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Cli;

public sealed class BundledTextTests
{
    [Fact]
    public void The_Japanese_text_is_the_novel_s_transcription_without_its_marks_readings_and_notes()
    {
        string transcription = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "wagahaiwa_nekodearu.txt")).ReplaceLineEndings("\n");
        string[] parts = transcription.Split(new string('-', 55) + "\n");
        string novel = parts[2][..parts[2].IndexOf("底本：", StringComparison.Ordinal)].TrimEnd('\n');
        StringBuilder expected = new("吾輩は猫である\n夏目漱石\n\n");
        foreach (string line in novel.Split('\n'))
        {
            string plain = Regex.Replace(Regex.Replace(line, "※［＃[^］]*］", "〓"), "［＃[^］]*］", "");
            if (plain.Length > 0 || line.Length == 0)
                expected.Append(Regex.Replace(plain, "《[^》]*》|｜", "")).Append('\n');
        }
        string found = File.ReadAllText(BundledFile.Of(BundledText.Novel)).ReplaceLineEndings("\n");
        Assert.Equal(expected.ToString(), found);
        Assert.DoesNotMatch("[《》［］｜※＃]", found);
        Assert.Equal((321_074, 3_046), (found.Length, found.Distinct().Count()));
    }
}
